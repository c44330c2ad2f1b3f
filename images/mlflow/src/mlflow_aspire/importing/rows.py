"""The rows of a SQLite database into PostgreSQL, where both have the same schema."""

import io
import sqlite3
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, text

from ..errors import Failure

_BATCH_BYTES = 2**20
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def replace(connection: Connection, tables: Collection[str], source: sqlite3.Connection) -> dict[str, int]:
    """Replaces the rows of these tables, within a transaction of the caller's, and counts the new ones by table."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name in tables)
    # Those that others refer to come first.
    ordered = metadata.sorted_tables
    for table in reversed(ordered):
        connection.execute(table.delete())
    counts: dict[str, int] = {}
    cursor = connection.connection.cursor()
    cursor.execute("SET LOCAL client_encoding = 'UTF8'")
    for table in ordered:
        there = {column[1] for column in source.execute(f'PRAGMA table_info("{table.name}")')}
        columns = [column.name for column in table.columns if column.name in there and column.computed is None]
        if not columns:
            continue
        names = ", ".join(f'"{column}"' for column in columns)
        counts[table.name] = 0
        for lines in _batches(source, f'SELECT {names} FROM "{table.name}"'):
            cursor.copy_expert(f'COPY "{table.name}" ({names}) FROM STDIN', io.BytesIO(b"".join(lines)))
            counts[table.name] += len(lines)
        for column in columns:
            _continue(connection, table.name, column)
    return counts


def _batches(source: sqlite3.Connection, query: str) -> Iterator[list[bytes]]:
    """Rows as COPY reads them. Some have megabytes, such as those of spans."""
    lines: list[bytes] = []
    size = 0
    try:
        for row in source.execute(query):
            lines.append(_line(row))
            size += len(lines[-1])
            if size > _BATCH_BYTES:
                yield lines
                lines, size = [], 0
        if lines:
            yield lines
    except sqlite3.Error as error:
        # Text that is none, for one.
        raise Failure(f"the source cannot be read: {error}. The database is as it was") from error


def _continue(connection: Connection, table: str, column: str) -> None:
    """Numbers go on after the last one."""
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table}"', "column": column})
    if sequence:
        connection.execute(text(f'SELECT setval(:sequence, max("{column}")) FROM "{table}" HAVING max("{column}") > 0'), {"sequence": sequence})


def _line(row: tuple[Any, ...]) -> bytes:
    return ("\t".join(map(_field, row)) + "\n").encode()


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return str(value).translate(_ESCAPES)
