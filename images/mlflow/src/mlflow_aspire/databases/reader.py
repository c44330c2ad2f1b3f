"""Reading a few rows by one message to the database, for what is read with each request.

SQLAlchemy takes as long to run a statement and to wrap its rows as the driver and the network take for it. Here it keeps the connections, and writes each
statement once; the driver runs it.
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Select, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from . import faults

# Enough for all threads of a worker: a row takes a tenth of a millisecond.
CONNECTIONS = 2


class Reader:
    """Connections that are not tried before they are used, as those of MLflow's pools are, and have no transaction to begin and to end."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=CONNECTIONS, max_overflow=0, pool_reset_on_return=None)
        self._driver = self._engine.dialect.loaded_dbapi

    def one(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Any | None:
        """The first row, if there is one, as `all` gives them."""
        return next(iter(self.all(statement, parameters)), None)

    def all(self, statement: Select[Any], parameters: Mapping[str, Any]) -> list[Any]:
        """The rows, with the names of the columns. A statement must be one object each time.

        Raises:
            MlflowException: the database does not answer, or refuses the statement.
        """
        prepared = _prepare(statement, self._engine.dialect)
        try:
            try:
                return self._run(prepared, parameters)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # The database has been away, and no connection from before is worth anything.
                self._engine.dispose()
            return self._run(prepared, parameters)
        except SQLAlchemyError as error:
            raise faults.translate(error) from error

    def _run(self, prepared: "_Prepared", parameters: Mapping[str, Any]) -> list[Any]:
        with self._engine.connect() as connection:
            try:
                cursor = connection.connection.cursor()
                cursor.execute(prepared.text, prepared.parameters(parameters))
                return [prepared.row(values) for values in cursor.fetchall()]
            except self._driver.Error as error:
                is_gone = self._engine.dialect.is_disconnect(error, connection.connection.driver_connection, None)
                raise DBAPIError.instance(prepared.text, None, error, self._driver.Error, connection_invalidated=is_gone) from error


class _Prepared:
    """A statement as the driver takes it, and what SQLAlchemy would do with what goes in and comes out."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        # None where the driver takes parameters by their names.
        self._order = compiled.positiontup
        self._row: Any = namedtuple("_row", statement.selected_columns.keys())  # type: ignore[misc]
        self._converters = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns]

    def parameters(self, named: Mapping[str, Any]) -> Mapping[str, Any] | list[Any]:
        return named if self._order is None else [named[name] for name in self._order]

    def row(self, values: Sequence[Any]) -> Any:
        return self._row(*(convert(value) if convert else value for convert, value in zip(self._converters, values, strict=True)))


_prepare = cache(_Prepared)
