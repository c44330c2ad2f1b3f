"""`mlflow-aspire hand-over`: gives the tables to a role that each administrator of the database server acts for.

In PostgreSQL a table belongs to the role that made it, and another one cannot migrate it. Azure makes whoever MLflow signs in as, with a password or with an
identity, a member of one group of administrators: as the tables belong to a role that this group acts for, one administrator follows another.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from ..errors import Failure
from ..settings import Environment, Part
from . import schemas, uris
from .connection import connect, patience
from .schemas import Schema
from .uris import Databases

_logger = logging.getLogger(__name__)

# Nobody signs in as it.
_OWNER = "mlflow_owner"

# Azure's group of the administrators of a flexible server.
_ADMINISTRATORS = "azure_pg_admin"


@dataclass(frozen=True)
class HandOverSettings:
    databases: Databases
    patience: int
    schemas: list[Schema]

    @property
    def parts(self) -> Sequence[Part]:
        return (self.databases,)


def read(environment: Environment) -> HandOverSettings:
    """Reads the settings of the command.

    Raises:
        SettingError: one is missing or wrong.
    """
    databases = uris.read(environment)
    return HandOverSettings(databases, patience(environment), schemas.read(environment, databases))


def hand_over(settings: HandOverSettings) -> None:
    """Hands over the tables of all databases. The server may go on meanwhile; again does no harm.

    Raises:
        Failure: a database cannot be reached, has no such administrators, or has tables of somebody else.
    """
    for schema in settings.schemas:
        with closing(connect(schema.setting, schema.uri, settings.patience)) as connection:
            try:
                count = _hand_over(schema, connection)
            except ProgrammingError as error:
                raise Failure(f"{schema.setting}: {' '.join(str(error.orig).split())}") from error
        _logger.info("%s schema: tables handed over to %s, which the members of %s act for: %s", schema.name, _OWNER, _ADMINISTRATORS, count)


def _hand_over(schema: Schema, connection: Connection) -> int:
    if not _exists(connection, _ADMINISTRATORS):
        raise Failure(f"{schema.setting}: the database server has no role {_ADMINISTRATORS}, as PostgreSQL in Azure has")
    if not _exists(connection, _OWNER):
        connection.execute(text(f"CREATE ROLE {_OWNER} NOLOGIN"))
    for member in ("CURRENT_USER", _ADMINISTRATORS):
        # Only who made the role may give it away: the next administrator finds all as it must be.
        if not connection.scalar(text(f"SELECT pg_has_role({_name(member)}, '{_OWNER}', 'USAGE')")):
            connection.execute(text(f"GRANT {_OWNER} TO {member}"))
    if not connection.scalar(text(f"SELECT has_schema_privilege('{_OWNER}', 'public', 'CREATE')")):
        connection.execute(text(f"GRANT USAGE, CREATE ON SCHEMA public TO {_OWNER}"))
    # Each in a transaction of its own: locks on several tables at once could meet those of a writer in a deadlock.
    quote = connection.dialect.identifier_preparer.quote
    tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner <> :owner"), {"owner": _OWNER}).all()
    for table in tables:
        connection.execute(text(f"ALTER TABLE public.{quote(table)} OWNER TO {_OWNER}"))
    return len(tables)


def _exists(connection: Connection, role: str) -> bool:
    return connection.scalar(text("SELECT to_regrole(:role) IS NOT NULL"), {"role": role}) is True


def _name(member: str) -> str:
    return member if member == "CURRENT_USER" else f"'{member}'"
