"""`mlflow-aspire backup`: everything of a deployment to one point, while the server runs."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from ..databases import revisions, schemas
from ..databases.connection import connect, lock
from ..databases.schemas import Schema
from ..errors import Failure
from ..gc import command as gc
from ..settings import Environment, Part, given
from . import opening, places, rows
from .archive import ARTIFACTS, ArchiveWriter, copy
from .manifest import Manifest, SchemaRows
from .opening import Deployment, open_files, store_errors
from .places import Backups
from .progress import Progress, readable

if TYPE_CHECKING:
    from .files import Files

_logger = logging.getLogger(__name__)

# Of files that cannot be saved so many are named.
_NAMED = 5


@dataclass(frozen=True)
class BackupSettings:
    deployment: Deployment

    target: str
    """A place that `places` knows."""

    with_artifacts: bool

    @property
    def parts(self) -> Sequence[Part]:
        return self.deployment.parts


def read(environment: Environment, target: str | None, with_artifacts: bool) -> BackupSettings:
    """Reads the settings of the command. Without a target it is the place that the environment names.

    Raises:
        SettingError: one is missing or wrong.
    """
    deployment = opening.read(environment)
    backups = places.read(environment)
    target = target or given(backups.place, places.DESTINATION, "the folder or blob container that keeps backups, where none is named as an argument")
    backups.check(target)
    return BackupSettings(deployment, target, with_artifacts)


def backup(settings: BackupSettings) -> None:
    """Writes an archive.

    Raises:
        SettingError: the server has no artifact store.
        Failure: a database or the artifact store does not answer, or the archive cannot be written.
    """
    deployment = settings.deployment
    files = open_files(deployment.store) if settings.with_artifacts else None
    _save(deployment.schemas, files, settings.target, deployment.patience)


def save_before_migration(backups: Backups, configured: list[Schema], limit: int) -> str | None:
    """Saves the rows of schemas that are there, where there is a place for backups, and gives the name of the archive.

    Raises:
        SettingError: the place is wrong.
        Failure: a database does not answer, or the archive cannot be written.
    """
    if backups.place is None:
        return None
    backups.check(backups.place)
    return _save(configured, None, backups.place, limit, "-before-migration")


def _save(configured: list[Schema], files: "Files | None", target: str, limit: int, suffix: str = "") -> str:
    now = datetime.now(UTC)
    with places.new_archive(target, f"mlflow-{now:%Y%m%dT%H%M%SZ}{suffix}.zip") as (stream, name), ExitStack() as connections:
        if files is not None:
            # What is read must not be collected meanwhile.
            lock(connections.enter_context(closing(connect(configured[0].setting, configured[0].uri, limit))), gc.LOCK, "garbage collection or backup")
        manifest = Manifest(datetime.now(UTC).isoformat(timespec="seconds"), with_artifacts=files is not None)
        snapshots: list[Connection] = []
        # Users after what they have rights on: a right on what is not there does nothing, and its number is not given again.
        for schema in configured:
            snapshots.append(connections.enter_context(closing(connect(schema.setting, schema.uri, limit))))
            connections.enter_context(rows.snapshot(snapshots[-1]))
        with ArchiveWriter(stream, manifest) as archive:
            try:
                for schema, connection in zip(configured, snapshots, strict=True):
                    content = manifest.schemas[schema.name] = SchemaRows(revisions.read(schema.name).package, _revision(schema, connection))
                    rows.save(connection, schema, configured, content, archive)
                    if schema.name == "tracking" and files is not None:
                        _name_foreign_artifacts(connection)
            except rows.ERRORS as error:
                raise Failure(f"the databases cannot be read: {rows.reason(error)}") from error
            # After the rows: everything that they name is in the store by now.
            if files is not None:
                with store_errors():
                    _save_files(files, archive, manifest)
    return name


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
        _logger.info("%s runs keep their artifacts outside of this server's store: the archive does not have those", f"{count:,}")


def _save_files(files: "Files", archive: ArchiveWriter, manifest: Manifest) -> None:
    from .files import is_name

    all_files = files.all()
    found = [file for file in all_files if is_name(file[0])]
    if others := [path for path, _ in all_files if not is_name(path)]:
        named = ", ".join(map(repr, others[:_NAMED])) + (", …" if len(others) > _NAMED else "")
        _logger.info(
            "%s files are left out, as their names are none that a server of MLflow can serve or every store can take: %s", f"{len(others):,}", named
        )
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
    gone = f"; {removed} were removed meanwhile" if removed else ""
    _logger.info("artifacts: %s files, %s%s", f"{manifest.artifact_files:,}", readable(manifest.artifact_bytes), gone)
