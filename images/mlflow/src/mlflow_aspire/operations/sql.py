"""`mlflow-aspire sql`: a statement on a database of the server, by the server's own way to sign in."""

import csv
import logging
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .. import databases
from ..databases import Databases, schemas
from ..databases.connection import connect, patience
from ..databases.schemas import Schema
from ..errors import Failure, SettingError
from ..settings import Environment, Part, required

_logger = logging.getLogger(__name__)

# A statement that is no argument: lists of processes and containers show those.
_STATEMENT = "MLFLOW_SQL_STATEMENT"

_READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


@dataclass(frozen=True)
class SqlSettings:
    databases: Databases

    schema: Schema
    """Whose database it is run on."""

    statement: str = field(repr=False)
    """`-` stands for standard input."""

    write: bool
    """Whether it may change something."""

    patience: int

    @property
    def parts(self) -> Sequence[Part]:
        return (self.databases,)


def read(environment: Environment, statement: str | None, of_users: bool, write: bool) -> SqlSettings:
    """Reads the settings of the command. Without a statement it is that of the environment.

    Raises:
        SettingError: one is missing or wrong, or there is no database of users.
    """
    known = databases.read(environment)
    configured = schemas.read(environment, known)
    if of_users and len(configured) == 1:
        raise SettingError("MLFLOW_APP_NAME", "is not set: the server lets everyone in and has no database of users")
    statement = statement or required(environment, _STATEMENT, "the statement, where none is given as an argument")
    return SqlSettings(known, configured[1 if of_users else 0], statement, write, patience(environment))


def sql(settings: SqlSettings) -> None:
    """Runs the statement in one transaction, of which nothing stays when it fails, and prints its rows as CSV.

    Raises:
        Failure: the database does not answer or refuses the statement, as it does for a change that is not asked for.
    """
    schema = settings.schema
    with closing(connect(schema.setting, schema.uri, settings.patience)) as connection:
        try:
            _run(connection, sys.stdin.read() if settings.statement == "-" else settings.statement, settings.write)
        except SQLAlchemyError as error:
            # Only the reason: a statement may hold what is no matter of logs.
            raise Failure(f"{schema.setting}: {getattr(error, 'orig', None) or error}") from error


def _run(connection: Connection, statement: str, write: bool) -> None:
    if not write:
        # For the session: a statement that ends its transaction begins another one that changes nothing.
        connection.exec_driver_sql(_READ_ONLY)
        connection.commit()
    connection.execution_options(isolation_level=connection.default_isolation_level)
    with connection.begin():
        if not write:
            # After a query no transaction can be made one that writes.
            connection.exec_driver_sql("SELECT 1")
        # As it is: a percent sign or a colon in it is no parameter.
        result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        if result.returns_rows:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(result.keys())
            writer.writerows(result)
            sys.stdout.flush()
        elif write:
            _logger.info("rows changed: %s", f"{max(result.rowcount, 0):,}")
