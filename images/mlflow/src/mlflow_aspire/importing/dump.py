"""A plain dump of a server's PostgreSQL database, as `pg_dump` writes it and `pg_restore --file` makes it of every other kind.

Its rows are read here and not by `psql`: what a dump says beside them would be run, and nothing may be touched before all of it is known to be whole.
"""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

from ..databases import schema_at
from ..databases.schemas import TRACKING_VERSIONS, Schema
from ..errors import Failure
from . import source
from .source import Artifact

_logger = logging.getLogger(__name__)

_BEGIN = b"-- PostgreSQL database dump\n"
_END = b"-- PostgreSQL database dump complete\n"
_CUSTOM = b"PGDMP"
_HEAD = 4096
_NAME = r'(?:"((?:[^"]|"")+)"|(\w+))'
_COPY = re.compile(rf"COPY (?:{_NAME}\.)?{_NAME} \((.*)\) FROM stdin;\n")
_END_OF_ROWS = b"\\.\n"

_TABLES = {"experiments", "runs", "metrics", TRACKING_VERSIONS}

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True)
class _Rows:
    columns: list[str]
    start: int
    """Where in the file they begin."""


def is_dump(file: Path) -> bool:
    """Whether a file is a dump of PostgreSQL's.

    Raises:
        Failure: it is one of another kind than this reads, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from error
    if head.startswith(_CUSTOM):
        plain = file.with_suffix(".sql").name
        raise Failure(f"{file} is a dump in PostgreSQL's custom format: `pg_restore --file={plain} {file.name}` makes a plain one of it, which can be imported")
    return _BEGIN in head


class DumpSource:
    """A dump, and the folder of the artifacts where there is one."""

    def __init__(self, file: Path, artifacts: Path | None) -> None:
        self._file = file
        self._folder = source.folder(artifacts) if artifacts else None

    def copy(self, target: Path) -> None:
        _logger.info("reading %s", self._file)
        tables = self._tables()
        revision = next(iter(self._rows(tables[TRACKING_VERSIONS])), ("none",))[0]
        source.check_revision(self._file, revision)
        _build(target, str(revision))
        with closing(sqlite3.connect(target)) as database:
            for name, found in tables.items():
                types = {column: kind for _, column, kind, *_ in database.execute(f'PRAGMA table_info("{name}")')}
                if not types:
                    _logger.info("the table %s is left out, as it is none of the tracking store", name)
                elif name != TRACKING_VERSIONS:
                    self._load(database, name, found, types)
            database.commit()
        source.upgrade(self._file, target)

    def artifacts(self) -> list[Artifact]:
        return source.artifacts(self._folder) if self._folder else []

    def _tables(self) -> dict[str, _Rows]:
        """Where the rows of each table are, of a dump that is whole."""
        found: dict[str, _Rows] = {}
        complete = False
        with self._file.open("rb") as stream:
            while line := stream.readline():
                complete = complete or line == _END
                if line.startswith(b"COPY ") and (match := _COPY.fullmatch(self._text(line))):
                    _, _, quoted, plain, columns = match.groups()
                    name = (quoted or plain).replace('""', '"')
                    if name in found:
                        raise self._refused(f"it has the table {name} in several schemas: dump the one of MLflow's with `pg_dump --schema`")
                    found[name] = _Rows([column.strip('"') for column in columns.split(", ")], stream.tell())
                    while (row := stream.readline()) != _END_OF_ROWS:
                        if not row:
                            raise self._refused(f"it ends within the rows of {name}")
        if not complete:
            raise self._refused("its end is missing")
        if lacking := sorted(_TABLES - found.keys()):
            raise self._refused(f"it has no rows of {', '.join(lacking)} as `pg_dump` writes them without `--inserts` and `--schema-only`")
        return found

    def _load(self, database: sqlite3.Connection, name: str, found: _Rows, types: dict[str, str]) -> None:
        if unknown := sorted(set(found.columns) - types.keys()):
            raise self._refused(f"{name} has columns that are not MLflow's at this revision: {', '.join(unknown)}")
        kinds = [types[column].upper() for column in found.columns]
        # A migration may have put rows into it.
        database.execute(f'DELETE FROM "{name}"')
        columns = ", ".join(f'"{column}"' for column in found.columns)
        statement = f'INSERT INTO "{name}" ({columns}) VALUES ({", ".join("?" * len(kinds))})'
        rows = ([_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in self._rows(found))
        try:
            database.executemany(statement, rows)
        except (sqlite3.Error, ValueError, LookupError) as error:
            raise self._refused(f"{name} has rows that are none of MLflow's: {error}") from error

    def _rows(self, found: _Rows) -> Iterator[tuple[str | None, ...]]:
        with self._file.open("rb") as stream:
            stream.seek(found.start)
            while (line := stream.readline()) != _END_OF_ROWS:
                fields = self._text(line)[:-1].split("\t")
                if len(fields) != len(found.columns):
                    raise self._refused(f"a row has {len(fields)} values for {len(found.columns)} columns")
                yield tuple(map(_field, fields))

    def _text(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise self._refused(f"it is not in UTF-8 ({error}): make it with `pg_dump --encoding=UTF8`") from error

    def _refused(self, reason: str) -> Failure:
        return Failure(f"{self._file} is no complete, undamaged dump of an MLflow server's database: {reason}. Nothing was changed")


def _build(target: Path, revision: str) -> None:
    """Makes the tables as they were at a revision."""
    engine = create_engine(source.uri(target), poolclass=NullPool)
    with engine.begin() as connection:
        schema_at.bring(connection, Schema("tracking", "", source.uri(target), TRACKING_VERSIONS, []), revision)


def _field(text: str) -> str | None:
    if text == "\\N":
        return None
    return _ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[1]), text) if "\\" in text else text


def _value(text: str | None, kind: str) -> Any:
    """A value as SQLite has it; numbers it makes of text itself."""
    if text is None:
        return None
    if kind == "BOOLEAN":
        return {"t": 1, "f": 0}[text]
    if kind == "BLOB":
        return bytes.fromhex(text.removeprefix("\\x"))
    return text
