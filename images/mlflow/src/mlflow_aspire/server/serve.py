"""`mlflow-aspire serve`: checks the settings, turns them into MLflow's own variables and is the MLflow server."""

from typing import NoReturn

from .. import databases, guard, keys, sign_in, stores
from ..databases import BACKEND, current, schemas, timeouts
from ..databases.connection import patience
from ..databases.migrate import migrate_settled
from ..settings import MutableEnvironment, flag, required
from . import capacity, own_address, prometheus, readiness, settings, telemetry


def serve(environment: MutableEnvironment) -> NoReturn:
    """Serves until the container is stopped.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: a database does not answer, has a schema of another version, or too few connections, or its migration fails.
    """
    arguments = prepare(environment)
    # Where nothing runs before the server. Of several servers one migrates, and the others wait for it.
    if flag(environment, "MLFLOW_SERVER_MIGRATE", False):
        migrate_settled(environment)
    current.check(schemas.configured(environment), patience(environment))
    capacity.check(environment)
    # MLflow reads settings while it is imported, and the instrumentations must be there before what they change.
    telemetry.instrument(environment)

    from .mlflow_command import run

    run(arguments, environment)


def prepare(environment: MutableEnvironment) -> list[str]:
    """Completes the environment of the server and gives the arguments of `mlflow server`, in which there is no secret."""
    databases.settle(environment)
    keys.settle(environment)
    required(environment, BACKEND, "the database of the tracking store")
    stores.prepare(environment)
    keys.check(environment)
    guard.settle(environment)
    own_address.allow(environment)
    telemetry.prepare(environment)
    prometheus.prepare(environment, readiness.port(environment))
    capacity.settle(environment)
    timeouts.settle(environment)
    settings.read(environment)
    return sign_in.prepare(environment)
