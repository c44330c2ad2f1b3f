"""`mlflow-aspire migrate`: brings the database schemas to the versions of this image.

MLflow's own commands do the work. This decides whether there is any, keeps two migrations apart, and saves the rows first where there is a place for them.
"""

import logging
import subprocess
from contextlib import closing

from .. import keys
from ..errors import Failure
from ..settings import Environment, MutableEnvironment
from . import revisions, schemas, server_role, tables, uris, widths
from .connection import connect, lock, patience
from .schemas import Schema

_logger = logging.getLogger(__name__)

# The key of the advisory lock, the same in all versions of this image.
LOCK = 5_000_317


def migrate(environment: MutableEnvironment) -> None:
    """Migrates all schemas of the environment, one after the other.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: a database cannot be reached, or a migration fails.
    """
    uris.settle(environment)
    keys.settle(environment)
    migrate_settled(environment)


def migrate_settled(environment: Environment) -> None:
    """The same in an environment that has been completed already, such as that of a server."""
    limit = patience(environment)
    configured = schemas.configured(environment)
    role = server_role.read(environment)
    with closing(connect(configured[0].setting, configured[0].uri, limit)) as connection:
        lock(connection, LOCK, "migration")
        found = [(schema, schemas.revision(schema, limit)) for schema in configured]
        needed = [(schema, before) for schema, before in found if schemas.migration_needed(schema, revisions.read(schema.name), before)]
        saved = _save(environment, [schema for schema, before in found if before], limit) if any(before for _, before in needed) else None
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
        if role:
            for schema in configured:
                server_role.grant(schema, role, limit)


def _save(environment: Environment, there: list[Schema], limit: int) -> str | None:
    """Saves the rows where there is a place for them: nothing brings a schema back."""
    # Its imports are of no use to a migration that has nothing to change.
    from ..backup.save import save_before_migration

    return save_before_migration(environment, there, limit)


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
