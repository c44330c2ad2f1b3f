"""`mlflow-aspire serve`: checks the settings, turns them into MLflow's own variables and becomes the MLflow server."""

import os
from typing import NoReturn

from . import artifacts, databases, keys, readiness, sign_in, telemetry
from .databases import BACKEND
from .settings import MutableEnvironment, required


def serve(environment: MutableEnvironment) -> NoReturn:
    """Replaces this process, so that the server receives the signals of the container.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    command = prepare(environment)
    readiness.start(environment)
    os.execvpe(command[0], command, environment)


def prepare(environment: MutableEnvironment) -> list[str]:
    """Completes the environment of the server and gives its command, in which there is no secret."""
    databases.settle(environment)
    keys.settle(environment)
    required(environment, BACKEND, "the database of the tracking store")
    artifacts.prepare(environment)
    keys.check(environment)
    return [*telemetry.prepare(environment), "mlflow", "server", *sign_in.prepare(environment)]
