"""The settings of `mlflow-aspire serve`, in their parts."""

from collections.abc import Sequence
from dataclasses import dataclass

from .. import databases, guard, keys, sign_in, stores
from ..databases import Databases, schemas, timeouts
from ..databases.connection import patience
from ..databases.migrate import Migration, read_migration
from ..databases.schemas import Schema
from ..databases.timeouts import StatementTimeout
from ..guard import Guard
from ..keys import Keys
from ..settings import Environment, Part, flag
from ..sign_in import SignIn
from ..stores import Store
from . import capacity, own_address, prometheus, readiness, settings, telemetry
from .capacity import Capacity, Pools
from .own_address import OwnAddress
from .prometheus import Prometheus
from .settings import ServerSettings
from .telemetry import Telemetry


@dataclass(frozen=True)
class ServeSettings:
    databases: Databases
    keys: Keys
    store: Store
    guard: Guard
    own_address: OwnAddress
    capacity: Capacity
    pools: Pools
    telemetry: Telemetry

    readiness_port: int | None
    """Without one nothing tells whether the server is ready."""

    prometheus: Prometheus
    statement_timeout: StatementTimeout
    """Exported by the server itself, once a migration is over."""

    process: ServerSettings
    sign_in: SignIn

    schemas: list[Schema]
    """The first one is of the tracking store."""

    patience: int
    """How many seconds a database that does not answer yet is waited for."""

    migration: Migration | None
    """Where nothing runs before the server."""

    @property
    def parts(self) -> Sequence[Part]:
        # The store's files are not in the folder that the guard chooses, which outlives the server.
        return (
            self.databases,
            self.keys,
            self.store,
            self.guard,
            self.own_address,
            self.telemetry,
            self.prometheus,
            self.capacity,
            self.pools,
            self.sign_in,
        )


def read(environment: Environment) -> ServeSettings:
    """Reads them.

    Raises:
        SettingError: one is missing or wrong.
    """
    known, own_keys = databases.read(environment), keys.read(environment)
    # That it is missing is told before what else may be.
    schemas.tracking(known)
    store = stores.read(environment)
    keys.check(environment)
    guarded = guard.read(environment, serves_artifacts=store.destination is not None)
    jobs = own_address.read(environment)
    size = capacity.read(environment)
    observed = telemetry.read(environment, jobs.runs_jobs, size.workers)
    port = readiness.port(environment)
    return ServeSettings(
        databases=known,
        keys=own_keys,
        store=store,
        guard=guarded,
        own_address=jobs,
        capacity=size,
        pools=capacity.read_pools(environment, size),
        telemetry=observed,
        readiness_port=port,
        prometheus=prometheus.read(environment, port),
        statement_timeout=timeouts.read(environment),
        process=settings.read(environment),
        sign_in=sign_in.read(environment, known),
        schemas=(configured := schemas.read(environment, known)),
        patience=(limit := patience(environment)),
        migration=read_migration(environment, configured, limit) if flag(environment, "MLFLOW_SERVER_MIGRATE", False) else None,
    )
