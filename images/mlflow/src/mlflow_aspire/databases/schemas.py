"""The database schemas that a deployment has, and the command that migrates each."""

import sys
from contextlib import closing
from dataclasses import dataclass

from alembic.migration import MigrationContext
from sqlalchemy import inspect

from ..errors import Failure, SettingError
from ..settings import Environment, given
from ..sign_in import BASIC, OIDC, app_name
from . import uris
from .connection import connect
from .revisions import Revisions
from .uris import Databases

TRACKING_VERSIONS = "alembic_version"


@dataclass(frozen=True)
class Schema:
    name: str
    setting: str
    uri: str
    version_table: str
    command: list[str]


def read(environment: Environment, databases: Databases) -> list[Schema]:
    """The tracking store first, then the users and permissions of the sign-in that is switched on.

    Raises:
        SettingError: a database is not set, or a setting is wrong.
    """
    schemas = [tracking(databases)]
    app = app_name(environment)
    if app == BASIC:
        schemas.append(_basic_auth(databases))
    elif app == OIDC:
        schemas.append(users_of_oidc(environment, databases))
    return schemas


def migration_needed(schema: Schema, revisions: Revisions, current: str | None) -> bool:
    """Whether the schema is behind this image.

    Raises:
        Failure: the schema is at a revision that this image does not know.
    """
    if current is not None and current not in revisions.known:
        raise Failure(
            f"{schema.setting}: the {schema.name} schema is at revision {current}, which {revisions.package} does not know: "
            "a newer version has migrated it. Run that version, or restore a backup from before"
        )
    return current != revisions.head


def revision(schema: Schema, limit: int) -> str | None:
    """The revision that the schema is at; None when it is not there. Waits up to `limit` seconds for the database."""
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        return MigrationContext.configure(connection, opts={"version_table": schema.version_table}).get_current_revision()


def check_own(schema: Schema, revisions: Revisions, limit: int) -> None:
    """Sees that a database without the schema has no tables that it would make: the kinds of sign-in have tables of the same names.

    Raises:
        Failure: there are such tables.
    """
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        foreign = sorted(set(inspect(connection).get_table_names()) & set(revisions.tables))
    if foreign:
        raise Failure(
            f"{schema.setting}: the database has tables that are not of the {schema.name} schema ({', '.join(foreign)}), "
            "as another kind of sign-in makes them: give each kind a database of its own"
        )


def tracking(databases: Databases) -> Schema:
    uri = given(databases.tracking, uris.BACKEND, "the database of the tracking store")
    return Schema("tracking", uris.BACKEND, uri, TRACKING_VERSIONS, [sys.executable, *upgrade(uri)])


def upgrade(uri: str) -> list[str]:
    """The arguments of Python for `mlflow db upgrade` without all other commands of MLflow, which cost more to import than the migration."""
    return _commands("mlflow.db", "upgrade", uri)


def _commands(module: str, *arguments: str) -> list[str]:
    """The arguments of Python for a module's commands."""
    return ["-c", f"from mlflow_aspire import lean; lean.begin(); from {module} import commands; lean.end(); commands()", *arguments]


def _basic_auth(databases: Databases) -> Schema:
    uri = given(databases.basic_users, uris.BASIC_AUTH, "the database of users and permissions")
    command = [sys.executable, *_commands("mlflow.server.auth.cli", "db", "upgrade", "--url", uri)]
    return Schema(BASIC, uris.BASIC_AUTH, uri, "alembic_version_auth", command)


def users_of_oidc(environment: Environment, databases: Databases) -> Schema:
    uri = given(databases.oidc_users, uris.OIDC_AUTH, "the database of users and permissions")
    table = environment.get("OIDC_ALEMBIC_VERSION_TABLE") or TRACKING_VERSIONS
    if uri == databases.tracking and table == TRACKING_VERSIONS:
        problem = f"must name another table than {table!r} when {uris.OIDC_AUTH} is the database of {uris.BACKEND}"
        raise SettingError("OIDC_ALEMBIC_VERSION_TABLE", problem)
    # The plugin has the command group, but no command line that leads to it.
    command = [sys.executable, *_commands("mlflow_oidc_auth.db.cli", "upgrade", "--url", uri)]
    return Schema(OIDC, uris.OIDC_AUTH, uri, table, command)
