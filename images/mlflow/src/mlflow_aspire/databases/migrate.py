"""`mlflow-aspire migrate`: brings the database schemas to the versions of this image.

MLflow's own commands do the work. This decides whether there is any, keeps two migrations apart, and saves the rows first where there is a place for them.
"""

import logging
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from .. import keys
from ..backup import places
from ..backup.places import Backups
from ..errors import Failure
from ..keys import Keys
from ..settings import Environment, Part
from . import revisions, schemas, server_role, tables, uris, widths
from .connection import connect, lock, patience
from .schemas import Schema
from .uris import Databases

_logger = logging.getLogger(__name__)

# The key of the advisory lock, the same in all versions of this image.
LOCK = 5_000_317


@dataclass(frozen=True)
class Migration:
    """What is migrated."""

    schemas: list[Schema]
    patience: int

    server_role: str | None
    """The role that gets what a server needs, if there is to be one."""

    backups: Backups
    """Where the rows are saved before."""


@dataclass(frozen=True)
class MigrateSettings:
    databases: Databases
    keys: Keys
    migration: Migration

    @property
    def parts(self) -> Sequence[Part]:
        return self.databases, self.keys


def read(environment: Environment) -> MigrateSettings:
    """Reads the settings of the command.

    Raises:
        SettingError: one is missing or wrong.
    """
    databases, own_keys = uris.read(environment), keys.read(environment)
    limit = patience(environment)
    return MigrateSettings(databases, own_keys, read_migration(environment, schemas.read(environment, databases), limit))


def read_migration(environment: Environment, configured: list[Schema], limit: int) -> Migration:
    """Reads what a migration of these schemas needs besides, for the command or for a server.

    Raises:
        SettingError: a setting is wrong.
    """
    return Migration(configured, limit, server_role.read(environment), places.read(environment))


def migrate(migration: Migration) -> None:
    """Migrates all schemas, one after the other.

    Raises:
        SettingError: the place for backups is wrong.
        Failure: a database cannot be reached, or a migration fails.
    """
    limit = migration.patience
    configured = migration.schemas
    with closing(connect(configured[0].setting, configured[0].uri, limit)) as connection:
        lock(connection, LOCK, "migration")
        found = [(schema, schemas.revision(schema, limit)) for schema in configured]
        needed = [(schema, before) for schema, before in found if schemas.migration_needed(schema, revisions.read(schema.name), before)]
        saved = _save(migration.backups, [schema for schema, before in found if before], limit) if any(before for _, before in needed) else None
        try:
            for schema, before in found:
                _migrate(schema, before, limit)
        except Failure as failure:
            if saved is None:
                raise
            raise Failure(f"{failure}. The rows from before are in {saved}") from failure
        with closing(connect(configured[0].setting, configured[0].uri, limit)) as tracking:
            widths.widen(tracking, configured[0].name)
        tables.make(configured[0], limit)
        if migration.server_role:
            for schema in configured:
                server_role.grant(schema, migration.server_role, limit)


def _save(backups: Backups, there: list[Schema], limit: int) -> str | None:
    """Saves the rows where there is a place for them: nothing brings a schema back."""
    # Its imports are of no use to a migration that has nothing to change.
    from ..backup.save import save_before_migration

    return save_before_migration(backups, there, limit)


def _migrate(schema: Schema, before: str | None, limit: int) -> None:
    known = revisions.read(schema.name)
    if not schemas.migration_needed(schema, known, before):
        _logger.info("%s schema: at revision %s, nothing to do", schema.name, known.head)
        return
    if before is None:
        schemas.check_own(schema, known, limit)
    _logger.info("%s schema: migrating from %s to %s (%s)", schema.name, before or "nothing", known.head, known.package)
    exit_code = subprocess.run(schema.command).returncode
    if exit_code != 0:
        raise Failure(f"{schema.setting}: the migration of the {schema.name} schema failed with exit code {exit_code}; its log is above")
    after = schemas.revision(schema, limit)
    if after != known.head:
        raise Failure(f"{schema.setting}: the {schema.name} schema is at revision {after} after its migration to {known.head}")
    _logger.info("%s schema: migrated from %s to %s", schema.name, before or "nothing", after)
