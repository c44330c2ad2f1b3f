"""What a client is told when a database fails.

MLflow answers most errors of a database with 400 and the text of the statement. Clients repeat a 503 and never a 400. So what passes by itself becomes a 503,
a conflict with another request is tried again here, and no answer holds a statement.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from flask import Flask
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE, ErrorCode
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError

from . import room, sessions, timeouts

# PostgreSQL's codes, or their first two characters, and what they mean to a client.
_PASSING = {
    "08": "the connection to the database was lost",
    "25006": "the database takes no writes at the moment",
    "40": "the request met others that change the same objects",
    room.DISK_FULL: "the disk of the database is full",
    "53": "the database has no room for the request at the moment",
    "55P03": "the request met others that change the same objects",
    "57014": f"it took the database longer than a statement may ({timeouts.SETTING})",
    "57": "the database is stopping or starting",
    "58": "the database has met an error of its system",
}
_UNIQUE_VIOLATION = "23505"
_NOT_THE_CLIENTS = "42"

# Between tries of a request that met another one. Who meets a third one after them is told.
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4)

_STATEMENT = re.compile(r"\s*(\[SQL: |\nLINE \d+: |\(Background on this error at: ).*", re.DOTALL)


@dataclass
class _Attempt:
    committed: bool = False
    conflict: bool = False


_attempt: ContextVar[_Attempt | None] = ContextVar("_attempt", default=None)


def install(app: Flask) -> None:
    """Changes MLflow's sessions, its exceptions and its Flask app."""
    # Stores get sessions whose errors are translated.
    sessions.change(_translated)
    hide_statements()
    repeat_conflicts(app)


def hide_statements() -> None:
    """What follows the message of a database is its statement with all values."""
    initialize = MlflowException.__init__

    def without_statement(self: MlflowException, message: object, *arguments: Any, **options: Any) -> None:
        initialize(self, _STATEMENT.sub("", str(message)), *arguments, **options)

    MlflowException.__init__ = without_statement


def repeat_conflicts(app: Flask) -> None:
    """Two requests that set one tag or alias at once both find none and insert it. The second one is tried again, unless it has stored something already."""
    dispatch = app.dispatch_request

    def dispatch_request(*arguments: Any) -> Any:
        for pause in _PAUSES_SECONDS:
            attempt = _Attempt()
            token = _attempt.set(attempt)
            try:
                response = dispatch(*arguments)
            finally:
                _attempt.reset(token)
            if not attempt.conflict or attempt.committed:
                return response
            time.sleep(pause * random.uniform(0.5, 1.5))
        return dispatch(*arguments)

    app.dispatch_request = dispatch_request


def translate(error: SQLAlchemyError) -> MlflowException:
    """The answer to an error of a database."""
    if isinstance(error, PoolTimeoutError):
        return _unavailable("no connection to the database was free in time")
    if not isinstance(error, DBAPIError):
        return MlflowException(error, BAD_REQUEST)
    code = _code(error)
    if code == room.DISK_FULL:
        room.note()
    if meaning := _PASSING.get(code) or _PASSING.get(code[:2]):
        return _unavailable(meaning)
    if not code and isinstance(error, (OperationalError, InterfaceError)):
        # libpq's own, of which there are none but those of connections.
        return _unavailable("the database does not answer")
    reason = str(error.orig).partition("\n")[0]
    return MlflowException(f"The database refuses this: {reason}", INTERNAL_ERROR if code.startswith(_NOT_THE_CLIENTS) else BAD_REQUEST)


def _unavailable(reason: str) -> MlflowException:
    return MlflowException(f"Not done: {reason}. Repeat the request", TEMPORARILY_UNAVAILABLE)


def _translated(make: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def make_session(read_only: bool = True) -> Iterator[Any]:
        attempt = _attempt.get()
        try:
            with make(read_only=read_only) as session:
                yield session
        except MlflowException as error:
            cause = error.__cause__
            # Others are MLflow's own answers, such as RESOURCE_ALREADY_EXISTS.
            if not isinstance(cause, SQLAlchemyError) or ErrorCode.Value(error.error_code) not in (BAD_REQUEST, TEMPORARILY_UNAVAILABLE):
                raise
            if attempt and _is_conflict(cause):
                attempt.conflict = True
            raise translate(cause) from cause
        if attempt and not read_only:
            attempt.committed = True

    return make_session


def _is_conflict(error: SQLAlchemyError) -> bool:
    code = _code(error)
    return isinstance(error, StaleDataError) or code == _UNIQUE_VIOLATION or code.startswith("40")


def _code(error: SQLAlchemyError) -> str:
    return getattr(getattr(error, "orig", None), "pgcode", None) or ""
