"""What is imported: a SQLite database, or the folder of a file store, and the folder of its artifacts.

Nothing of it is changed. MLflow's own migrations bring a copy to the schema of this image.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from ..databases import revisions
from ..errors import Failure
from ..log import say

_VERSIONS = "alembic_version"
# What a file store has beside the folders of its experiments.
_TRASH = ".trash"
_ARTIFACTS = "artifacts"


def copy(source: Path, target: Path) -> None:
    """Copies a database, or makes one of the files, at the revision of this image.

    Raises:
        Failure: it is neither, or of a version that MLflow cannot bring to this one.
    """
    if source.is_dir():
        say(f"reading the files of {source}")
        _check_links(source)
        _run(source, "mlflow_aspire.importing.file_store", str(source), _uri(target))
        return
    say(f"reading {source}")
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as database, closing(sqlite3.connect(target)) as its_copy:
            # Also of a database that somebody writes to.
            database.backup(its_copy)
            found = its_copy.execute(f"SELECT version_num FROM {_VERSIONS}").fetchone()
    except sqlite3.Error as error:
        raise Failure(f"{source} is no SQLite database of an MLflow server: {error}. Nothing was changed") from error
    known = revisions.read("tracking")
    if found is None or found[0] not in known.known:
        raise Failure(f"{source} is at revision {found and found[0]}, which {known.package} does not know: import it with the image of a newer version. Nothing was changed")
    _run(source, "mlflow", "db", "upgrade", _uri(target))


def orphans(database: sqlite3.Connection) -> dict[str, int]:
    """Removes rows that point at rows which are not there, as SQLite lets them, and counts them by table."""
    removed: dict[str, int] = {}
    # Rows that point at removed ones are found in the next round.
    while found := {(table, row) for table, row, *_ in database.execute("PRAGMA foreign_key_check") if row is not None}:
        for table, row in found:
            database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
            removed[table] = removed.get(table, 0) + 1
    return removed


def artifacts(folder: Path) -> list[tuple[str, Path]]:
    """The files of runs, models and traces: their paths in the store, and where they are.

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
            found += [(f"{path}/{name}", file) for name in sorted(names) if not (file := Path(place, name)).is_symlink() and file.is_file()]
    return found


def _check_links(folder: Path) -> None:
    """Sees that a file store reads what it has itself: a parameter that is a link would bring another file of this machine, such as this environment."""
    root = folder.resolve()
    for place, folders, names in os.walk(folder, onerror=_refuse):
        for link in (path for name in (*folders, *names) if (path := Path(place, name)).is_symlink()):
            if _ARTIFACTS not in link.relative_to(folder).parts and not link.resolve().is_relative_to(root):
                raise Failure(f"{link} is a link that leads out of {folder}: put what it leads to in its place. Nothing was changed")


def _refuse(error: OSError) -> None:
    raise Failure(f"{error.filename} cannot be read: {error.strerror}. Nothing was changed") from error


def _uri(database: Path) -> str:
    return f"sqlite:///{database}"


def _run(source: Path, *command: str) -> None:
    exit_code = subprocess.run([sys.executable, "-m", *command]).returncode
    if exit_code != 0:
        raise Failure(f"{source}: MLflow's own migration ended with exit code {exit_code}; its log is above. Nothing was changed")
