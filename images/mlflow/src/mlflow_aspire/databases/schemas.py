"""The database schemas that a deployment has, and the command that migrates each."""

import sys
from dataclasses import dataclass

from ..errors import Failure, SettingError
from ..settings import Environment, required
from ..sign_in import BASIC, OIDC, app_name
from . import uris
from .revisions import Revisions


@dataclass(frozen=True)
class Schema:
    name: str
    setting: str
    uri: str
    version_table: str
    command: list[str]


def configured(environment: Environment) -> list[Schema]:
    """The tracking store first, then the users and permissions of the sign-in that is switched on."""
    schemas = [_tracking(environment)]
    app = app_name(environment)
    if app == BASIC:
        schemas.append(_basic_auth(environment))
    elif app == OIDC:
        schemas.append(_oidc_auth(environment, schemas[0]))
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


def _tracking(environment: Environment) -> Schema:
    uri = required(environment, uris.BACKEND, "the database of the tracking store")
    return Schema("tracking", uris.BACKEND, uri, "alembic_version", [sys.executable, "-m", "mlflow", "db", "upgrade", uri])


def _basic_auth(environment: Environment) -> Schema:
    uri = required(environment, uris.BASIC_AUTH, "the database of users and permissions")
    command = [sys.executable, "-m", "mlflow.server.auth", "db", "upgrade", "--url", uri]
    return Schema(BASIC, uris.BASIC_AUTH, uri, "alembic_version_auth", command)


def _oidc_auth(environment: Environment, tracking: Schema) -> Schema:
    uri = required(environment, uris.OIDC_AUTH, "the database of users and permissions")
    table = environment.get("OIDC_ALEMBIC_VERSION_TABLE") or "alembic_version"
    if (uri, table) == (tracking.uri, tracking.version_table):
        problem = f"must name another table than {table!r} when {uris.OIDC_AUTH} is the database of {uris.BACKEND}"
        raise SettingError("OIDC_ALEMBIC_VERSION_TABLE", problem)
    # The plugin has the command group, but no command line that leads to it.
    command = [sys.executable, "-c", "from mlflow_oidc_auth.db.cli import commands; commands()", "upgrade", "--url", uri]
    return Schema(OIDC, uris.OIDC_AUTH, uri, table, command)
