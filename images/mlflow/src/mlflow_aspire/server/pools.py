"""The connections of the server's pools: how many are in use, how many wait, and how many there may be."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine.interfaces import DBAPIConnection

# The names of the semantic conventions for databases.
_POOL = "db.client.connection.pool.name"
_STATE = "db.client.connection.state"

# Each with the database that it is for.
_pools: WeakKeyDictionary[QueuePool, str] = WeakKeyDictionary()


def observe() -> None:
    """Counts the connections of all pools that are used from now on."""
    event.listen(Engine, "engine_connect", _remember)
    meter = get_meter(__name__)
    meter.create_observable_up_down_counter(
        "db.client.connection.count", [_count], "{connection}", "Connections of the pools, by whether a call uses them."
    )
    meter.create_observable_up_down_counter("db.client.connection.max", [_most], "{connection}", "How many connections the pools may open.")


def leave_out_trials() -> None:
    """Keeps the statement by which a connection is tried, before each use, out of all traces."""
    try_ = PGDialect_psycopg2.do_ping

    def untraced(dialect: PGDialect_psycopg2, connection: DBAPIConnection) -> bool:
        with suppress_instrumentation():
            return try_(dialect, connection)

    PGDialect_psycopg2.do_ping = untraced


def _remember(connection: Connection) -> None:
    pool = connection.engine.pool
    if isinstance(pool, QueuePool) and pool not in _pools:
        url = connection.engine.url
        _pools[pool] = f"{url.host}/{url.database}"


def _count(options: CallbackOptions) -> Iterable[Observation]:
    used: Counter[str] = Counter()
    idle: Counter[str] = Counter()
    for pool, name in list(_pools.items()):
        used[name] += pool.checkedout()
        idle[name] += pool.checkedin()
    return [*_observations(used, {_STATE: "used"}), *_observations(idle, {_STATE: "idle"})]


def _most(options: CallbackOptions) -> Iterable[Observation]:
    most: Counter[str] = Counter()
    for pool, name in list(_pools.items()):
        most[name] += pool.size() + pool._max_overflow
    return _observations(most, {})


def _observations(counts: Mapping[str, int], attributes: Mapping[str, Any]) -> list[Observation]:
    return [Observation(count, {_POOL: name, **attributes}) for name, count in counts.items()]
