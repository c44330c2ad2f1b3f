"""How many calls a worker works on at once, and how many database connections that takes.

A call of MLflow's may hold one connection while it asks for a second one (a batch of metrics, spans, a registered model). With fewer than two
connections for each thread, all threads can wait for each other until the pool gives up.
"""

from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import text

from ..databases import BACKEND, reader
from ..databases.connection import connect
from ..errors import SettingError
from ..settings import Environment, Exports, flag, number
from ..sign_in import BASIC, OIDC, app_name

_THREADS = "MLFLOW_SERVER_THREADS"
_WORKERS = "MLFLOW_WORKERS"
_REPLICAS = "MLFLOW_SERVER_REPLICAS"
_POOL = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"
_OVERFLOW = "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"
_SIGN_IN_POOL = "OIDC_DB_POOL_SIZE"
_SIGN_IN_OVERFLOW = "OIDC_DB_POOL_MAX_OVERFLOW"

# The event loop makes calls of its own beside the threads.
_EVENT_LOOP = 1


@dataclass(frozen=True)
class Capacity:
    """What one server has. A thread is a call of MLflow's that is worked on; further ones wait for a thread without a connection."""

    workers: int
    threads: int
    replicas: int
    pools: int
    """Pools of full size: that of MLflow's stores, and one of the workspaces where they are on."""
    sign_in: bool

    @property
    def pool(self) -> int:
        return 2 * self.threads

    @property
    def overflow(self) -> int:
        return 2 * _EVENT_LOOP

    @property
    def sign_in_pool(self) -> int:
        # Users and permissions are looked up one after the other.
        return self.threads + _EVENT_LOOP

    @property
    def connections(self) -> int:
        """The connections of all replicas at most, with the one of each that tells whether it is ready."""
        worker = self.pools * (self.pool + self.overflow) + (self.sign_in_pool + reader.CONNECTIONS if self.sign_in else 0)
        return self.replicas * self.workers * (worker + 1)

    def exports(self) -> Exports:
        return {_WORKERS: str(self.workers)}


@dataclass(frozen=True)
class Pools:
    """The sizes of the pools of a worker: what its threads need, or what is set."""

    size: int
    overflow: int

    sign_in_size: str
    sign_in_overflow: str
    """The plugin checks those that are set."""

    def exports(self) -> Exports:
        return {_POOL: str(self.size), _OVERFLOW: str(self.overflow), _SIGN_IN_POOL: self.sign_in_size, _SIGN_IN_OVERFLOW: self.sign_in_overflow}


def read(environment: Environment) -> Capacity:
    """Reads it.

    Raises:
        SettingError: a setting is wrong.
    """
    return Capacity(
        workers=number(environment, _WORKERS, 1, 1, 64),
        threads=number(environment, _THREADS, 8, 1, 64),
        replicas=number(environment, _REPLICAS, 1, 1, 1000),
        pools=2 if flag(environment, "MLFLOW_ENABLE_WORKSPACES", False) else 1,
        sign_in=app_name(environment) in (BASIC, OIDC),
    )


def read_pools(environment: Environment, capacity: Capacity) -> Pools:
    """Sizes the pools by the threads.

    Raises:
        SettingError: the size of a pool is set, and wrong or too small.
    """
    # MLflow takes 0 for a value that is not set.
    pool = number(environment, _POOL, capacity.pool, 1, 1000)
    overflow = number(environment, _OVERFLOW, capacity.overflow, 1, 1000)
    if pool + overflow < capacity.pool + capacity.overflow:
        least = capacity.pool + capacity.overflow
        raise SettingError(f"{_POOL} and {_OVERFLOW}", f"are {pool} and {overflow}; accepted: {least} together or more, for {capacity.threads} threads ({_THREADS})")
    return Pools(pool, overflow, environment.get(_SIGN_IN_POOL, str(capacity.sign_in_pool)), environment.get(_SIGN_IN_OVERFLOW, "1"))


def check(capacity: Capacity, uri: str, limit: int) -> None:
    """Compares what the server may use with what its database has, and waits up to `limit` seconds for that.

    Raises:
        SettingError: the database has too few connections.
        Failure: the database does not answer.
    """
    with closing(connect(BACKEND, uri, limit)) as connection:
        usable = connection.scalar(
            text(
                "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
                " - coalesce(current_setting('reserved_connections', true)::int, 0)"
            )
        )
    if capacity.connections > usable:
        problem = (
            f"{capacity.workers} with {capacity.threads} threads each ({_THREADS}) in {capacity.replicas} replicas ({_REPLICAS}) may use "
            f"{capacity.connections} connections, and the database has {usable} (max_connections); accepted: fewer of them, or a larger database"
        )
        raise SettingError(_WORKERS, problem)
