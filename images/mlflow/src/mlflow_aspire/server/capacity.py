"""How many calls a worker works on at once, and how many database connections that takes.

A call of MLflow's may hold one connection while it asks for a second one (a batch of metrics, spans, a registered model). With fewer than two
connections for each thread, all threads can wait for each other until the pool gives up.
"""

from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import text

from ..databases import BACKEND, reader
from ..databases.connection import connect, patience
from ..errors import SettingError
from ..settings import Environment, MutableEnvironment, flag, number
from ..sign_in import BASIC, OIDC, app_name

_THREADS = "MLFLOW_SERVER_THREADS"
_WORKERS = "MLFLOW_WORKERS"
_REPLICAS = "MLFLOW_SERVER_REPLICAS"
_POOL = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"
_OVERFLOW = "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"

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


def read(environment: Environment) -> Capacity:
    return Capacity(
        workers=number(environment, _WORKERS, 1, 1, 64),
        threads=number(environment, _THREADS, 8, 1, 64),
        replicas=number(environment, _REPLICAS, 1, 1, 1000),
        pools=2 if flag(environment, "MLFLOW_ENABLE_WORKSPACES", False) else 1,
        sign_in=app_name(environment) in (BASIC, OIDC),
    )


def settle(environment: MutableEnvironment) -> None:
    """Sizes the pools by the threads.

    Raises:
        SettingError: a setting is wrong, or the size of a pool is set and too small.
    """
    capacity = read(environment)
    environment[_WORKERS] = str(capacity.workers)
    # MLflow takes 0 for a value that is not set.
    pool = number(environment, _POOL, capacity.pool, 1, 1000)
    overflow = number(environment, _OVERFLOW, capacity.overflow, 1, 1000)
    if pool + overflow < capacity.pool + capacity.overflow:
        least = capacity.pool + capacity.overflow
        raise SettingError(f"{_POOL} and {_OVERFLOW}", f"are {pool} and {overflow}; accepted: {least} together or more, for {capacity.threads} threads ({_THREADS})")
    environment[_POOL], environment[_OVERFLOW] = str(pool), str(overflow)
    environment.setdefault("OIDC_DB_POOL_SIZE", str(capacity.sign_in_pool))
    environment.setdefault("OIDC_DB_POOL_MAX_OVERFLOW", "1")


def check(environment: Environment) -> None:
    """Compares what the server may use with what its database has.

    Raises:
        SettingError: the database has too few connections.
        Failure: the database does not answer.
    """
    capacity = read(environment)
    limit = patience(environment)
    with closing(connect(BACKEND, environment[BACKEND], limit)) as connection:
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
