"""Where rows say that artifacts are: from the folder of the source to the store of this server, which clients reach through it."""

import posixpath
import sqlite3
from urllib.parse import unquote, urlparse

from ..errors import Failure

PROXIED = "mlflow-artifacts:"

# What names a file or a folder of the store, and which of the rows do.
_COLUMNS = (
    ("experiments", "artifact_location", "true"),
    ("runs", "artifact_uri", "true"),
    ("logged_models", "artifact_location", "true"),
    ("model_versions", "source", "true"),
    ("model_versions", "storage_location", "true"),
    ("trace_tags", "value", "key = 'mlflow.artifactLocation'"),
)


def rewrite(database: sqlite3.Connection, root: str | None) -> None:
    """Changes all locations below the root of the artifacts: the one that is given, or the folder that the experiments of the source are in.

    Raises:
        Failure: they are in several folders, of which nobody has said which one it is.
    """
    roots = {root.rstrip("/")} if root else _folders(database)
    if len({_path(folder) for folder in roots}) > 1:
        raise Failure(
            f"the experiments keep their artifacts in several folders ({', '.join(sorted(roots))}): name the one that is imported with --artifact-root. Nothing was changed"
        )
    for folder in roots:
        _move(database, folder, PROXIED)


def renumber(database: sqlite3.Connection, numbers: dict[str, str]) -> None:
    """Changes the folders of experiments, which are named after their numbers: by the number in a path the server tells who may read a file."""
    for old, new in numbers.items():
        _move(database, f"{PROXIED}/{old}", f"{PROXIED}/{new}")


def elsewhere(database: sqlite3.Connection) -> int:
    """How many runs keep their artifacts where this server does not."""
    return int(database.execute("SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE ?", (f"{PROXIED}%",)).fetchone()[0])


def _move(database: sqlite3.Connection, old: str, new: str) -> None:
    size = len(old)
    for table, column, which in _COLUMNS:
        database.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {which} AND (substr({column}, 1, ?) = ? OR {column} = ?)",
            (new, size + 1, size + 1, f"{old}/", old),
        )


def _folders(database: sqlite3.Connection) -> set[str]:
    """The folders of this or another machine that experiments are in by default, each as it is written."""
    found = set()
    for number, location in database.execute("SELECT experiment_id, artifact_location FROM experiments"):
        if location and urlparse(location).scheme in ("", "file") and location.endswith(f"/{number}"):
            found.add(location.removesuffix(f"/{number}"))
    return found


def _path(folder: str) -> str:
    return posixpath.normpath(unquote(urlparse(folder).path))
