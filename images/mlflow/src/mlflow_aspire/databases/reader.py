"""Reading one row by one message to the database, for what is read with each request."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, Row, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from . import faults

# Enough for all threads of a worker: a row takes a tenth of a millisecond.
CONNECTIONS = 2


class Reader:
    """Connections that are not tried before they are used, as those of MLflow's pools are, and have no transaction to begin and to end."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=CONNECTIONS, max_overflow=0, pool_reset_on_return=None)

    def one(self, statement: Executable, parameters: Mapping[str, Any]) -> Row[Any] | None:
        """The row, if there is one.

        Raises:
            MlflowException: the database does not answer, or refuses the statement.
        """
        try:
            try:
                return self._one(statement, parameters)
            except DBAPIError as error:
                # The database has been away: SQLAlchemy opens new connections from now on.
                if not error.connection_invalidated:
                    raise
            return self._one(statement, parameters)
        except SQLAlchemyError as error:
            raise faults.translate(error) from error

    def _one(self, statement: Executable, parameters: Mapping[str, Any]) -> Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(statement, parameters).one_or_none()
