"""The role that a server signs in as which can read and write rows, and change no schema.

`migrate`, garbage collection, backup and restore sign in as the owner of the tables. After a migration the owner grants the role what a server needs, in all
databases, so that a server that is taken over can neither drop a table nor make one.
"""

import logging
import re

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from ..errors import Failure, SettingError
from ..settings import Environment
from .connection import connect
from .schemas import Schema

_logger = logging.getLogger(__name__)

SETTING = "MLFLOW_DATABASE_SERVER_ROLE"

# In the database `postgres` of a flexible server in Azure, for administrators that sign in with Microsoft Entra.
_CREATE_PRINCIPAL = "pgaadauth_create_principal"
_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_NUMBERS = "USAGE, SELECT, UPDATE"

_MAY_CREATE = text("SELECT has_schema_privilege(:role, 'public', 'CREATE')")
_MAY_CHANGE = text(
    "SELECT has_schema_privilege(:role, 'public', 'CREATE')"
    " OR EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(:role, tableowner, 'MEMBER'))"
)
_MAY_NOT_WRITE = text(
    "SELECT EXISTS (SELECT FROM pg_tables, unnest(string_to_array(:rows, ', ')) AS privilege"
    " WHERE schemaname = 'public' AND NOT has_table_privilege(:role, format('public.%I', tablename), privilege))"
)


def read(environment: Environment) -> str | None:
    """The name of the role, if there is to be one.

    Raises:
        SettingError: it is no name of a role.
    """
    role = environment.get(SETTING)
    if not role:
        return None
    if not re.fullmatch(r"[^\x00-\x1f\x7f]{1,63}", role):
        raise SettingError(SETTING, f"is {role!r}; accepted: the name of a role, 1 to 63 characters")
    return role


def grant(schema: Schema, role: str, limit: int) -> None:
    """Grants the role what a server needs of a schema, now and in tables that this owner makes later. Again does no harm.

    Raises:
        Failure: there is no such role, the role that this signs in as may not grant it, or the role could change the schema.
    """
    with connect(schema.setting, schema.uri, limit) as connection:
        try:
            if not _exists(connection, role):
                _create(schema, role, limit)
            _grant(connection, role)
        except ProgrammingError as error:
            raise Failure(f"{schema.setting}: {' '.join(str(error.orig).split())} ({SETTING})") from error
        if connection.scalar(_MAY_CHANGE, {"role": role}):
            raise Failure(f"{schema.setting}: the role {role!r} may make or change tables; {SETTING} is a role without rights of its own")
        # PostgreSQL only warns of what is not granted.
        if connection.scalar(_MAY_NOT_WRITE, {"role": role, "rows": _ROWS}):
            raise Failure(f"{schema.setting}: the role {role!r} got no rights on some tables, which belong to another role than migrates ({SETTING})")
    _logger.info("%s schema: %s may read and write rows", schema.name, role)


def _grant(connection: Connection, role: str) -> None:
    name = connection.dialect.identifier_preparer.quote_identifier(role)
    if connection.scalar(_MAY_CREATE, {"role": role}):
        # In databases that PostgreSQL before 15 has made, everyone may make tables.
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT {_NUMBERS} ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {_ROWS} ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {_NUMBERS} ON SEQUENCES TO {name}",
    ):
        # Not by text(), to which a colon in the name would be a parameter.
        connection.exec_driver_sql(statement)


def _create(schema: Schema, role: str, limit: int) -> None:
    """Makes the role of an identity of Azure, where the database can."""
    uri = make_url(schema.uri).set(database="postgres").render_as_string(hide_password=False)
    with connect(schema.setting, uri, limit) as connection:
        if not connection.scalar(text("SELECT count(*) FROM pg_proc WHERE proname = :name"), {"name": _CREATE_PRINCIPAL}):
            raise Failure(f"{schema.setting}: the database server has no role {role!r} ({SETTING})")
        connection.execute(text(f"SELECT {_CREATE_PRINCIPAL}(:role, false, false)"), {"role": role})


def _exists(connection: Connection, role: str) -> bool:
    return connection.scalar(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": role}) is True
