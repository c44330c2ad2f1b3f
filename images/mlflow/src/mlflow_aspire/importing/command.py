"""`mlflow-aspire import`: brings another server's data into an empty one, with its ids, all of it or nothing."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO

from .. import stores
from ..backup import rows as backup_rows
from ..backup.opening import open_databases, store_errors
from ..backup.progress import Progress, readable
from ..backup.restore import check_empty
from ..databases import current, migrate
from ..databases.connection import connect, lock, patience
from ..errors import Failure
from ..gc import command as gc
from ..log import say
from ..settings import MutableEnvironment
from . import locations, numbers, rows, source

# What is said at the end; a database has many tables more.
_SAID = {
    "experiments": "experiments",
    "runs": "runs",
    "metrics": "metric values",
    "params": "parameters",
    "logged_models": "logged models",
    "registered_models": "registered models",
    "model_versions": "model versions",
    "trace_info": "traces",
}


def import_(environment: MutableEnvironment, origin: Path, artifacts: Path | None, root: str | None) -> None:
    """Imports a SQLite database, or the folder of a file store, and the folder of its artifacts.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the source is of no kind that MLflow knows, the server is not empty, or something does not answer.
    """
    configured = open_databases(environment)
    limit = patience(environment)
    schema = configured[0]
    current.check([schema], limit)
    files = source.artifacts(_folder(origin, artifacts))
    with closing(connect(schema.setting, schema.uri, limit)) as connection, tempfile.TemporaryDirectory() as folder:
        lock(connection, migrate.LOCK, "migration")
        lock(connection, gc.LOCK, "garbage collection or backup")
        check_empty(connection, schema, ", and ids of both would meet")
        copy = Path(folder, "source.db")
        source.copy(origin, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            for table, count in source.orphans(database).items():
                say(f"{count:,} rows of {table} point at nothing and are left out")
            locations.rewrite(database, root)
            renumbered = numbers.fit(database)
            locations.renumber(database, renumbered)
            for old, new in renumbered.items():
                say(f"experiment {old} becomes {new}, as the database takes no number that large")
            # Before the rows: what they name is in the store when they come.
            _store(stores.destination_of(environment), [(_renamed(path, renumbered), file) for path, file in files])
            try:
                with closing(connect(schema.setting, schema.uri, limit)) as target:
                    target.execution_options(isolation_level="READ COMMITTED")
                    with target.begin():
                        tables = backup_rows.tables_of(schema, configured, backup_rows.existing_columns(target)) - {schema.version_table}
                        counts = rows.replace(target, tables, database)
            except backup_rows.ERRORS as error:
                raise Failure(f"{schema.setting}: the database is as it was, as it does not take what {origin} has: {backup_rows.reason(error)}") from error
            if elsewhere := locations.elsewhere(database):
                say(f"{elsewhere:,} runs keep their artifacts outside of {root or 'the folder of the experiments'}: they are where they were")
    say(f"import complete: {', '.join(f'{name}: {counts.get(table, 0):,}' for table, name in _SAID.items())}")


def _folder(origin: Path, artifacts: Path | None) -> Path:
    if not origin.exists():
        raise Failure(f"{origin} is not there")
    if artifacts is None and not origin.is_dir():
        raise Failure(f"{origin} is a database: name the folder of its artifacts with --artifacts")
    folder = artifacts or origin
    if not folder.is_dir():
        raise Failure(f"{folder} is no folder")
    return folder


def _renamed(path: str, renumbered: dict[str, str]) -> str:
    experiment, _, rest = path.partition("/")
    return f"{renumbered.get(experiment, experiment)}/{rest}"


def _store(destination: str, found: list[tuple[str, Path]]) -> None:
    # MLflow reads settings while it is imported.
    from ..backup.files import Files, check_paths
    from ..stores.opening import open_store

    sizes = [(path, file.stat().st_size) for path, file in found]
    check_paths(sizes, "the source")
    total = sum(size for _, size in sizes)
    where = dict(found)
    progress = Progress("artifacts imported", len(sizes), total)

    def opened(path: str) -> IO[bytes]:
        try:
            return where[path].open("rb")
        except OSError as error:
            raise Failure(f"{error.filename} cannot be read: {error.strerror}. The database is as it was") from error

    with store_errors():
        for _, size in Files(open_store(destination)).write(sizes, opened):
            progress.add(size)
            progress.file()
    say(f"artifacts: {len(sizes):,} files, {readable(total)}")
