"""`mlflow-aspire restore`: brings back what an archive has, all of it or nothing."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from ..databases import migrate, revisions, schemas
from ..databases.connection import connect, lock
from ..databases.schemas import Schema
from ..errors import Failure
from ..gc import command as gc
from ..settings import Environment, Part, flag, given
from . import opening, places, rows
from .archive import ARTIFACTS, Archive
from .opening import Deployment, open_files, store_errors
from .places import Backups
from .progress import Progress, readable

_logger = logging.getLogger(__name__)

# What tells whether databases are in use, with the rows that a server writes by itself: the experiment "Default", and the first administrator.
_ROWS_OF_A_NEW_SERVER = {
    "tracking": {"experiments": 1, "runs": 0, "registered_models": 0, "trace_info": 0, "logged_models": 0, "evaluation_datasets": 0, "endpoints": 0, "jobs": 0},
    "basic-auth": {"users": 1},
    "oidc-auth": {"users": 1},
}


# What a restore takes where nobody can give it arguments, such as a job.
_NAMED = "MLFLOW_RESTORE_ARCHIVE"
_REPLACE = "MLFLOW_RESTORE_REPLACE"


@dataclass(frozen=True)
class RestoreSettings:
    deployment: Deployment
    backups: Backups

    source: str | None
    """The archive. None is the latest one in the place for backups."""

    replace: bool
    """In place of what is there."""

    @property
    def parts(self) -> Sequence[Part]:
        return self.deployment.parts


def read(environment: Environment, source: str | None, replace: bool) -> RestoreSettings:
    """Reads the settings of the command. Without a source it is the archive that the environment names, if it names one.

    Raises:
        SettingError: one is missing or wrong.
    """
    deployment = opening.read(environment)
    replace = flag(environment, _REPLACE, False) or replace
    return RestoreSettings(deployment, places.read(environment), source or environment.get(_NAMED) or None, replace)


def restore(settings: RestoreSettings) -> None:
    """Brings what an archive has into empty databases, or in place of what is there, and its artifacts into the store.

    Raises:
        SettingError: the archive, or the place for backups, is not set or wrong.
        Failure: the archive is damaged or of a newer version, the databases are not empty and `replace` is not set, or something does not answer.
    """
    source = _chosen(settings.backups, settings.source)
    settings.backups.check(source)
    with places.open_archive(source) as stream:
        _restore(settings.deployment, Archive(stream, source), settings.replace)
    _logger.info("restore complete: %s", source)


def _chosen(backups: Backups, source: str | None) -> str:
    if source and ("/" in source or Path(source).is_file() or backups.place is None):
        return source
    place = given(backups.place, places.DESTINATION, "the folder or blob container that backups are in, where no archive is named as an argument")
    backups.check(place)
    return places.within(place, source) if source else places.latest(place)


def _restore(deployment: Deployment, archive: Archive, replace: bool) -> None:
    manifest = archive.manifest
    configured, limit = deployment.schemas, deployment.patience
    restored = [schema for schema in configured if schema.name in manifest.schemas]
    _check_versions(archive, restored)
    files = open_files(deployment.store) if manifest.with_artifacts else None
    found = archive.artifacts()
    if found:
        from .files import check_paths

        check_paths(found, "the archive")
    for name in manifest.schemas.keys() - {schema.name for schema in restored}:
        _logger.info("%s schema: left out, as this server has no such sign-in (MLFLOW_APP_NAME)", name)
    with ExitStack() as stack:
        own = stack.enter_context(closing(connect(configured[0].setting, configured[0].uri, limit)))
        lock(own, migrate.LOCK, "migration")
        lock(own, gc.LOCK, "garbage collection or backup")
        for schema in restored:
            # A newer version may have tables that this one does not know.
            schemas.migration_needed(schema, revisions.read(schema.name), schemas.revision(schema, limit))
            if not replace:
                with closing(connect(schema.setting, schema.uri, limit)) as connection:
                    check_empty(connection, schema, ". `--replace` puts the archive in place of everything that is there")
        _logger.info("checking the archive, made at %s", manifest.created)
        archive.verify()
        if files is None:
            _logger.info("artifacts: the archive has none, and those of the store stay")
        else:
            # Before the rows: what they name is in the store when they come.
            progress = Progress("artifacts restored", manifest.artifact_files, manifest.artifact_bytes)
            with store_errors():
                for _, size in files.write(found, lambda path: archive.open(ARTIFACTS + path)):
                    progress.add(size)
                    progress.file()
            _logger.info("artifacts: %s files, %s", f"{len(found):,}", readable(manifest.artifact_bytes))
        try:
            with ExitStack() as transactions:
                for schema in restored:
                    connection = stack.enter_context(closing(connect(schema.setting, schema.uri, limit)))
                    connection.execution_options(isolation_level="READ COMMITTED")
                    transactions.enter_context(connection.begin())
                    rows.load(connection, schema, configured, manifest.schemas[schema.name], archive)
        except rows.ERRORS as error:
            raise Failure(f"the databases are as they were, as they do not take what the archive has: {rows.reason(error)}") from error


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


def check_empty(connection: Connection, schema: Schema, consequence: str) -> None:
    """Refuses a database with rows that a new server does not write.

    Raises:
        Failure: it has some; the message goes on with the consequence.
    """
    existing = rows.existing_columns(connection)
    for table, usual in _ROWS_OF_A_NEW_SERVER[schema.name].items():
        count = (connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0) if table in existing else 0
        if count > usual:
            raise Failure(f"{schema.setting}: the database is not empty ({count:,} rows in {table}){consequence}. Nothing was changed")
