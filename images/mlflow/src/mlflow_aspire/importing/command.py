"""`mlflow-aspire import`: brings another server's data into an empty one, with its ids, all of it or nothing."""

import logging
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from pathlib import Path
from typing import IO

from urllib3.exceptions import HTTPError

from .. import stores
from ..backup import opening
from ..backup import rows as backup_rows
from ..backup.opening import Deployment, store_errors
from ..backup.progress import Progress, readable
from ..backup.restore import check_empty
from ..databases import current, migrate
from ..databases.connection import connect, lock
from ..errors import Failure
from ..gc import command as gc
from ..settings import Environment, Part, flag, required
from . import dump, locations, numbers, rows, source
from .source import Artifact, Missing, Source

_logger = logging.getLogger(__name__)

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
_FULL = re.compile("disk is full|No space left on device")

# How many files that could not come are named.
_NAMED_FILES = 10

# What an import takes where nobody can give it arguments, such as a job.
SOURCE = "MLFLOW_IMPORT_SOURCE"
_REPLACE = "MLFLOW_IMPORT_REPLACE"
_DELETED = "MLFLOW_IMPORT_DELETED"


@dataclass(frozen=True)
class ImportSettings:
    deployment: Deployment

    destination: str = field(repr=False)
    """Of the artifact store, also where the server does not serve it."""

    origin: str = field(repr=False)
    """The address of a running server, which may hold a password, or the path of a SQLite database, of a file store's folder or of a dump of PostgreSQL's."""

    artifacts: Path | None
    """The folder of a database's artifacts."""

    root: str | None
    """How the source names that folder."""

    replace: bool
    """In place of everything that the database has."""

    deleted: bool
    """Deleted experiments and runs of a running server too."""

    @property
    def parts(self) -> Sequence[Part]:
        return self.deployment.parts


def read(environment: Environment, origin: str | None, artifacts: Path | None, root: str | None, replace: bool, deleted: bool) -> ImportSettings:
    """Reads the settings of the command. The environment says what no argument does.

    Raises:
        SettingError: one is missing or wrong.
    """
    origin = origin or required(environment, SOURCE, "the address of the server that is imported, where none is named as an argument")
    replace = replace or flag(environment, _REPLACE, False)
    deployment = opening.read(environment)
    deleted = deleted or flag(environment, _DELETED, False)
    return ImportSettings(deployment, stores.destination_of(environment), origin, artifacts, root, replace, deleted)


def import_(settings: ImportSettings) -> None:
    """Imports from the source.

    Raises:
        Failure: the source is of no kind that MLflow knows, the server is not empty and nothing is to be replaced, or something does not answer.
    """
    origin, root = settings.origin, settings.root
    configured, limit = settings.deployment.schemas, settings.deployment.patience
    schema = configured[0]
    current.check([schema], limit)
    found = _source(origin, settings.artifacts, root, settings.deleted)
    with closing(connect(schema.setting, schema.uri, limit)) as connection, tempfile.TemporaryDirectory() as folder:
        lock(connection, migrate.LOCK, "migration")
        lock(connection, gc.LOCK, "garbage collection or backup")
        if not settings.replace:
            check_empty(connection, schema, ", and ids of both would meet. `--replace` puts the source in place of everything that is there")
        copy = Path(folder, "source.db")
        with _room():
            found.copy(copy)
            files = found.artifacts()
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            with _room():
                for table, count in source.orphans(database).items():
                    _logger.info("%s rows of %s point at nothing and are left out", f"{count:,}", table)
                locations.rewrite(database, root)
                renumbered = numbers.fit(database)
                locations.renumber(database, renumbered)
            for old, new in renumbered.items():
                _logger.info("experiment %s becomes %s, as the database takes no number that large", old, new)
            # Before the rows: what they name is in the store when they come.
            missing = _store(settings.destination, [changed(file, path=_renamed(file.path, renumbered)) for file in files])
            try:
                with closing(connect(schema.setting, schema.uri, limit)) as target:
                    target.execution_options(isolation_level="READ COMMITTED")
                    with target.begin():
                        tables = backup_rows.tables_of(schema, configured, backup_rows.existing_columns(target)) - {schema.version_table}
                        counts = rows.replace(target, tables, database)
            except backup_rows.ERRORS as error:
                raise Failure(f"{schema.setting}: the database is as it was, as it does not take what {origin} has: {backup_rows.reason(error)}") from error
            if elsewhere := locations.elsewhere(database):
                _logger.info("%s runs keep their artifacts outside of %s: they are where they were", f"{elsewhere:,}", root or "the folder of the experiments")
    for path, reason in missing[:_NAMED_FILES]:
        _logger.info("could not come: %s: %s", path, reason)
    counted = f", files that could not come: {len(missing):,}" if missing else ""
    _logger.info("import complete: %s%s", ", ".join(f"{name}: {counts.get(table, 0):,}" for table, name in _SAID.items()), counted)


@contextmanager
def _room() -> Iterator[None]:
    """Says whose disk it is that has no room, whoever meets it: Python, SQLite or MLflow."""
    try:
        yield
    except Exception as error:
        if not _FULL.search(str(error)):
            raise
        raise Failure(f"{tempfile.gettempdir()} has no room for a copy of the source's rows. Nothing was changed") from error


def _source(origin: str, artifacts: Path | None, root: str | None, deleted: bool) -> Source:
    if origin.startswith(("http://", "https://")):
        if artifacts or root:
            raise Failure("--artifacts and --artifact-root are for databases and folders: a server hands out its artifacts itself")
        # MLflow reads settings while it is imported.
        from .api.source import ServerSource

        return ServerSource(origin, deleted)
    path = Path(origin)
    if not path.exists():
        raise Failure(f"{path} is not there")
    if path.is_file() and dump.is_dump(path):
        return dump.DumpSource(path, artifacts)
    return source.LocalSource(path, artifacts)


def _renamed(path: str, renumbered: dict[str, str]) -> str:
    experiment, _, rest = path.partition("/")
    return f"{renumbered.get(experiment, experiment)}/{rest}"


def _store(destination: str, found: list[Artifact]) -> list[tuple[str, str]]:
    """Copies files into the store, and gives those that cannot be had, each with the reason."""
    # MLflow reads settings while it is imported.
    from ..backup.files import Files, check_paths
    from ..stores.opening import open_store

    check_paths([(file.path, file.size) for file in found], "the source")
    total = sum(file.size for file in found)
    progress = Progress("artifacts imported", len(found), total)
    opened: dict[str, IO[bytes]] = {}
    missing: list[tuple[str, str]] = []

    def available(files: Iterable[Artifact]) -> Iterator[tuple[str, int]]:
        for file in files:
            try:
                opened[file.path] = file.open()
            except Missing as error:
                missing.append((file.path, str(error)))
                continue
            yield file.path, file.size

    with store_errors():
        try:
            for _, size in Files(open_store(destination)).write(available(found), opened.pop):
                progress.add(size)
                progress.file()
        except HTTPError as error:
            raise Failure(f"the source went away while it was read: {error}. The database is as it was") from error
    _logger.info("artifacts: %s files, %s", f"{len(found) - len(missing):,}", readable(total))
    return missing
