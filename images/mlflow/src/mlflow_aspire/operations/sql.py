"""`mlflow-aspire sql`: a statement on a database of the server, by the server's own way to sign in."""

import csv
import logging
import sys
from contextlib import closing

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .. import databases
from ..databases import schemas
from ..databases.connection import connect, patience
from ..errors import Failure, SettingError
from ..settings import MutableEnvironment, required

_logger = logging.getLogger(__name__)

# A statement that is no argument: lists of processes and containers show those.
_STATEMENT = "MLFLOW_SQL_STATEMENT"

_READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


def sql(environment: MutableEnvironment, statement: str | None, of_users: bool, write: bool) -> None:
    """Runs it in one transaction, of which nothing stays when it fails, and prints its rows as CSV. `-` stands for standard input, none for the variable.

    Raises:
        SettingError: a setting is missing or wrong, or there is no database of users.
        Failure: the database does not answer or refuses the statement, as it does for a change unless `write` is set.
    """
    databases.settle(environment)
    configured = schemas.configured(environment)
    if of_users and len(configured) == 1:
        raise SettingError("MLFLOW_APP_NAME", "is not set: the server lets everyone in and has no database of users")
    statement = statement or required(environment, _STATEMENT, "the statement, where none is given as an argument")
    schema = configured[1 if of_users else 0]
    with closing(connect(schema.setting, schema.uri, patience(environment))) as connection:
        try:
            _run(connection, sys.stdin.read() if statement == "-" else statement, write)
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
