"""When a connection of a pool is tried before it is used.

MLflow lets SQLAlchemy try it with a statement each time, which is a round trip to PostgreSQL for each request. A server that ends or breaks a connection says
so, and its word waits in the socket: while there is none, a connection that has lately been tried is nearly as good as one that has just been. One that something
on its way has forgotten, as firewalls do after minutes, has not been tried for as long. A request that comes in the millisecond in which a server ends, or within
five seconds after it has died without a word, is told to come again (503), and the pool is made anew.
"""

import select
import time
from weakref import WeakKeyDictionary

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine.interfaces import DBAPIConnection

_SECONDS = 5

# When each has answered.
_answered: WeakKeyDictionary[DBAPIConnection, float] = WeakKeyDictionary()


def apply() -> None:
    try_ = PGDialect_psycopg2.do_ping

    def try_seldom(dialect: PGDialect_psycopg2, connection: DBAPIConnection) -> bool:
        now = time.monotonic()
        if now - _answered.get(connection, float("-inf")) < _SECONDS and not connection.closed and not _has_word(connection):
            return True
        _answered.pop(connection, None)
        alive = try_(dialect, connection)
        _answered[connection] = now
        return alive

    PGDialect_psycopg2.do_ping = try_seldom


def _has_word(connection: DBAPIConnection) -> bool:
    """Whether the server has said something that nobody has read, such as that it ends."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
