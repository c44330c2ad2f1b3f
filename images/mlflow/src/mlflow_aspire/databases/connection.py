"""Connecting to a database that may not be there yet."""

import logging
import re
import time

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from ..errors import Failure
from ..settings import Environment, seconds

_logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1

# What passes by itself while a database server is created, started or failed over. Anything else (a wrong password, a role or
# database that does not exist, a certificate that is not trusted) stays as it is, however long one waits.
_PASSING = re.compile(
    "could not translate host name|Connection refused|Connection reset|Connection timed out|timeout expired|No route to host|Network is unreachable"
    "|server closed the connection unexpectedly|the database system is|remaining connection slots|too many clients|SSL SYSCALL error: EOF"
)


def patience(environment: Environment) -> int:
    """How many seconds a command waits for a database that does not answer yet."""
    return seconds(environment, "MLFLOW_DATABASE_TIMEOUT_SECONDS", 60)


def connect(name: str, uri: str, limit: int) -> Connection:
    """Opens a connection of its own, each statement its own transaction, and waits up to `limit` seconds for the server to answer.

    Raises:
        Failure: the server refuses the connection, or does not answer within the limit.
    """
    engine = create_engine(uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    end = time.monotonic() + limit
    waiting = False
    while True:
        try:
            return engine.connect()
        except Failure as error:
            raise Failure(f"{name}: {error}") from error
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
            if not _PASSING.search(reason):
                raise Failure(f"{name}: the database refuses the connection: {reason}") from error
            if time.monotonic() >= end:
                raise Failure(f"{name}: the database did not answer within {limit} s (MLFLOW_DATABASE_TIMEOUT_SECONDS): {reason}") from error
        if not waiting:
            _logger.info("waiting up to %s s for the database of %s: %s", limit, name, reason)
            waiting = True
        time.sleep(_PAUSE_SECONDS)


def lock(connection: Connection, key: int, what: str) -> None:
    """Waits for the database's lock of this key. It lives as long as the connection, so that a process that is killed leaves none behind."""
    if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
        _logger.info("another %s is running: waiting for its end", what)
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
