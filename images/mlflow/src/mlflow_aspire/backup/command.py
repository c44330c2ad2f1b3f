"""`mlflow-aspire backup` and `mlflow-aspire restore`: everything of a deployment to one point, while the server runs."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from .. import databases, keys, stores
from ..databases import migrate, revisions, schemas
from ..databases.connection import connect, lock, patience
from ..databases.schemas import Schema
from ..errors import Failure, SettingError
from ..gc import command as gc
from ..log import say
from ..settings import MutableEnvironment, flag
from . import rows
from .archive import ARTIFACTS, Archive, ArchiveWriter, copy, new_file
from .manifest import Manifest, SchemaRows
from .progress import Progress, readable

if TYPE_CHECKING:
    from .files import Files

# What tells whether databases are in use, with the rows that a server writes by itself: the experiment "Default", and the first administrator.
_ROWS_OF_A_NEW_SERVER = {
    "tracking": {"experiments": 1, "runs": 0, "registered_models": 0, "trace_info": 0, "logged_models": 0, "evaluation_datasets": 0, "endpoints": 0, "jobs": 0},
    "basic-auth": {"users": 1},
    "oidc-auth": {"users": 1},
}


def backup(environment: MutableEnvironment, target: str) -> None:
    """Writes an archive to a file, into a folder under a name of its own, or to standard output (`-`).

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: a database or the artifact store does not answer, or the file cannot be written.
    """
    configured, files, limit = _open(environment)
    now = datetime.now(UTC)
    with _target(target, now) as (stream, name), ExitStack() as connections:
        # What is read must not be collected meanwhile.
        lock(connections.enter_context(closing(connect(configured[0].setting, configured[0].uri, limit))), gc.LOCK, "garbage collection or backup")
        manifest = Manifest(datetime.now(UTC).isoformat(timespec="seconds"))
        snapshots: list[Connection] = []
        for schema in configured:
            snapshots.append(connections.enter_context(closing(connect(schema.setting, schema.uri, limit))))
            connections.enter_context(rows.snapshot(snapshots[-1]))
        with ArchiveWriter(stream, manifest) as archive:
            try:
                for schema, connection in zip(configured, snapshots, strict=True):
                    content = manifest.schemas[schema.name] = SchemaRows(revisions.read(schema.name).package, _revision(schema, connection))
                    rows.save(connection, schema, configured, content, archive)
                    if schema.name == "tracking":
                        _name_foreign_artifacts(connection)
            except SQLAlchemyError as error:
                raise Failure(f"the databases cannot be read: {error}") from error
            # After the rows: everything that they name is in the store by now.
            with _store_errors():
                _save_files(files, archive, manifest)
    say(f"backup complete: {name}")


def restore(environment: MutableEnvironment, source: Path, replace: bool) -> None:
    """Brings what an archive has into empty databases, or in place of what is there, and its artifacts into the store.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the archive is damaged or of a newer version, the databases are not empty and `replace` is not set, or something does not answer.
    """
    configured, files, limit = _open(environment)
    archive = Archive(source)
    from .files import check_paths

    restored = [schema for schema in configured if schema.name in archive.manifest.schemas]
    _check_versions(archive, restored)
    found = archive.artifacts()
    check_paths(found)
    for name in archive.manifest.schemas.keys() - {schema.name for schema in restored}:
        say(f"{name} schema: left out, as this server has no such sign-in (MLFLOW_APP_NAME)")
    with ExitStack() as stack:
        own = stack.enter_context(closing(connect(configured[0].setting, configured[0].uri, limit)))
        lock(own, migrate.LOCK, "migration")
        lock(own, gc.LOCK, "garbage collection or backup")
        for schema in restored:
            # A newer version may have tables that this one does not know.
            schemas.migration_needed(schema, revisions.read(schema.name), schemas.revision(schema, limit))
            if not replace:
                _check_empty(schema, limit)
        say(f"checking {source}, made at {archive.manifest.created}")
        archive.verify()
        # Before the rows: what they name is in the store when they come.
        progress = Progress("artifacts restored", archive.manifest.artifact_files, archive.manifest.artifact_bytes)
        with _store_errors():
            for _, size in files.write(found, lambda path: archive.open(ARTIFACTS + path)):
                progress.add(size)
                progress.file()
        say(f"artifacts: {len(found):,} files, {readable(archive.manifest.artifact_bytes)}")
        try:
            with ExitStack() as transactions:
                for schema in restored:
                    connection = stack.enter_context(closing(connect(schema.setting, schema.uri, limit)))
                    connection.execution_options(isolation_level="READ COMMITTED")
                    transactions.enter_context(connection.begin())
                    rows.load(connection, schema, configured, archive.manifest.schemas[schema.name], archive)
        except SQLAlchemyError as error:
            raise Failure(f"the databases are as they were, as they do not take what the archive has: {error}") from error
    say(f"restore complete: {source}")


def _open(environment: MutableEnvironment) -> tuple[list[Schema], "Files", int]:
    databases.settle(environment)
    keys.settle(environment)
    configured = schemas.configured(environment)
    stores.prepare(environment)
    if not flag(environment, "MLFLOW_SERVE_ARTIFACTS", True):
        raise SettingError("MLFLOW_SERVE_ARTIFACTS", "is false: clients keep artifacts elsewhere, and a backup needs them; accepted: true")
    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from .files import Files

    return configured, Files(open_store(stores.destination_of(environment))), patience(environment)


@contextmanager
def _store_errors() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise Failure(f"{stores.DESTINATION}: {error.message}") from error


@contextmanager
def _target(target: str, now: datetime) -> Iterator[tuple[BinaryIO, str]]:
    if target == "-":
        # All that is said goes beside the archive.
        output = sys.stdout.buffer
        with redirect_stdout(sys.stderr):
            yield output, "standard output"
            output.flush()
        return
    path = Path(target)
    if path.is_dir():
        path /= f"mlflow-{now:%Y%m%dT%H%M%SZ}.zip"
    with new_file(path) as stream:
        yield stream, str(path)


def _revision(schema: Schema, connection: Connection) -> str:
    """The revision, which must be one of this image: it makes the tables of a restore."""
    revision = connection.scalar(text(f"SELECT version_num FROM {schema.version_table}")) if schema.version_table in rows.existing_columns(connection) else None
    if revision is None:
        raise Failure(f"{schema.setting}: the {schema.name} schema is not there: there is nothing to back up")
    schemas.migration_needed(schema, revisions.read(schema.name), revision)
    return str(revision)


def _name_foreign_artifacts(connection: Connection) -> None:
    count = connection.scalar(text("SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE 'mlflow-artifacts:%'"))
    if count:
        say(f"{count:,} runs keep their artifacts outside of this server's store: the archive does not have those")


def _save_files(files: "Files", archive: ArchiveWriter, manifest: Manifest) -> None:
    found = files.all()
    progress = Progress("artifacts saved", len(found), sum(size for _, size in found))
    removed = 0
    for path, stream in files.read(found):
        if stream is None:
            removed += 1
            continue
        with archive.member(ARTIFACTS + path, compress=False) as file:
            manifest.artifact_bytes += copy(stream, file, progress.add)
        manifest.artifact_files += 1
        progress.file()
    say(f"artifacts: {manifest.artifact_files:,} files, {readable(manifest.artifact_bytes)}" + (f"; {removed} were removed meanwhile" if removed else ""))


def _check_versions(archive: Archive, restored: list[Schema]) -> None:
    if not any(schema.name == "tracking" for schema in restored):
        raise Failure("the archive has no tracking schema. Nothing was changed")
    for schema in restored:
        content = archive.manifest.schemas[schema.name]
        known = revisions.read(schema.name)
        if content.revision not in known.known:
            raise Failure(
                f"the archive's {schema.name} schema is of {content.package} at revision {content.revision}, which {known.package} does not know: "
                "restore it with the image of that version, or a newer one. Nothing was changed"
            )


def _check_empty(schema: Schema, limit: int) -> None:
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        existing = rows.existing_columns(connection)
        for table, usual in _ROWS_OF_A_NEW_SERVER[schema.name].items():
            count = (connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0) if table in existing else 0
            if count > usual:
                raise Failure(
                    f"{schema.setting}: the database is not empty ({count:,} rows in {table}). "
                    "`--replace` puts the archive in place of everything that is there. Nothing was changed"
                )
