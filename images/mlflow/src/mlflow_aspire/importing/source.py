"""What is imported: its rows, as a SQLite database at the revision of this image, and its files.

Nothing of a source is changed. MLflow's own migrations bring a copy to the schema of this image.
"""

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ..databases import revisions, schemas
from ..errors import Failure

_logger = logging.getLogger(__name__)

# What a file store has beside the folders of its experiments.
_TRASH = ".trash"
_ARTIFACTS = "artifacts"


class Missing(Failure):
    """A file of the source that cannot be had, while the source itself can."""


@dataclass(frozen=True)
class Artifact:
    path: str
    """Where it is in the store."""

    size: int
    open: Callable[[], IO[bytes]]


class Source(Protocol):
    def copy(self, target: Path) -> None:
        """Writes its rows into a new database.

        Raises:
            Failure: it cannot be read, or is of a version that MLflow cannot bring to this one.
        """

    def artifacts(self) -> list[Artifact]:
        """The files of runs, models and traces, once the rows are read.

        Raises:
            Failure: they cannot be listed.
        """


class LocalSource:
    """A SQLite database, or the folder of a file store, and the folder of its artifacts."""

    def __init__(self, origin: Path, artifacts: Path | None) -> None:
        """Looks whether they are there.

        Raises:
            Failure: they are not.
        """
        if artifacts is None and not origin.is_dir():
            raise Failure(f"{origin} is a database: name the folder of its artifacts with --artifacts")
        self._origin = origin
        self._folder = folder(artifacts or origin)

    def copy(self, target: Path) -> None:
        if self._origin.is_dir():
            _logger.info("reading the files of %s", self._origin)
            _check_links(self._origin)
            run(str(self._origin), "-m", "mlflow_aspire.importing.file_store", str(self._origin), uri(target))
            return
        _logger.info("reading %s", self._origin)
        try:
            with (
                closing(sqlite3.connect(f"{self._origin.absolute().as_uri()}?mode=ro", uri=True)) as database,
                closing(sqlite3.connect(target)) as its_copy,
            ):
                # Also of a database that somebody writes to.
                database.backup(its_copy)
                found = its_copy.execute(f"SELECT version_num FROM {schemas.TRACKING_VERSIONS}").fetchone()
        except sqlite3.Error as error:
            raise Failure(f"{self._origin} is no SQLite database of an MLflow server: {error}. Nothing was changed") from error
        check_revision(self._origin, found and found[0])
        upgrade(self._origin, target)

    def artifacts(self) -> list[Artifact]:
        return artifacts(self._folder)


def folder(path: Path) -> Path:
    """Sees that a folder is there.

    Raises:
        Failure: it is not.
    """
    if not path.is_dir():
        raise Failure(f"{path} is no folder")
    return path


def check_revision(source: Path, revision: str | None) -> None:
    """Sees that this image knows the revision of a source.

    Raises:
        Failure: it does not.
    """
    known = revisions.read("tracking")
    if revision not in known.known:
        raise Failure(f"{source} is at revision {revision}, which {known.package} does not know: import it with the image of a newer version. Nothing was changed")


def upgrade(source: Path, target: Path) -> None:
    """Brings the copy of a source to the revision of this image.

    Raises:
        Failure: MLflow cannot.
    """
    run(str(source), *schemas.upgrade(uri(target)))


def orphans(database: sqlite3.Connection) -> dict[str, int]:
    """Removes rows that point at rows which are not there, as SQLite lets them, and counts them by table."""
    removed: dict[str, int] = {}
    # Rows that point at removed ones are found in the next round.
    while found := {(table, row) for table, row, *_ in database.execute("PRAGMA foreign_key_check") if row is not None}:
        for table, row in found:
            database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
            removed[table] = removed.get(table, 0) + 1
    return removed


def artifacts(folder: Path) -> list[Artifact]:
    """The files of runs, models and traces.

    Raises:
        Failure: a folder of them cannot be read.
    """
    root = folder / "mlruns" if (folder / "mlruns").is_dir() else folder
    found = []
    for place, _, names in os.walk(root, onerror=_refuse):
        # A file store keeps what is now in the database beside them, and what is deleted in a folder of its own.
        parts = Path(place).relative_to(root).parts
        if _ARTIFACTS in parts:
            path = "/".join(parts[1:] if parts[0] == _TRASH else parts)
            # Neither links nor pipes, which nobody may write to.
            files = ((name, file) for name in sorted(names) if not (file := Path(place, name)).is_symlink() and file.is_file())
            found += [Artifact(f"{path}/{name}", file.stat().st_size, _opener(file)) for name, file in files]
    return found


def _opener(file: Path) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        try:
            return file.open("rb")
        except OSError as error:
            raise Failure(f"{error.filename} cannot be read: {error.strerror}. The database is as it was") from error

    return opened


def _check_links(folder: Path) -> None:
    """Sees that a file store reads what it has itself: a parameter that is a link would bring another file of this machine, such as this environment."""
    root = folder.resolve()
    for place, folders, names in os.walk(folder, onerror=_refuse):
        for link in (path for name in (*folders, *names) if (path := Path(place, name)).is_symlink()):
            if _ARTIFACTS not in link.relative_to(folder).parts and not link.resolve().is_relative_to(root):
                raise Failure(f"{link} is a link that leads out of {folder}: put what it leads to in its place. Nothing was changed")


def _refuse(error: OSError) -> None:
    raise Failure(f"{error.filename} cannot be read: {error.strerror}. Nothing was changed") from error


def uri(database: Path) -> str:
    return f"sqlite:///{database}"


def run(source: str, *arguments: str) -> None:
    """Runs Python with a program of MLflow's on a copy.

    Raises:
        Failure: it fails.
    """
    exit_code = subprocess.run([sys.executable, *arguments]).returncode
    if exit_code != 0:
        raise Failure(f"{source}: MLflow's own migration ended with exit code {exit_code}; its log is above. Nothing was changed")
