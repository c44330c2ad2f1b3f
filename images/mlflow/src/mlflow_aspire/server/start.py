"""From MLflow's command line of uvicorn to a server: in this process for one worker, in processes forked from it for more."""

import inspect
import socket
from typing import Any

import uvicorn

from .. import lean
from . import app
from .protocol import limited
from .readiness import Probed
from .serve_settings import ServeSettings
from .worker import Worker, WorkerServer

# The arguments in front of uvicorn's own: the interpreter and the module.
_INTERPRETER = ["-m", "uvicorn"]

# Calls have had their time to end (MLFLOW_SERVER_GRACE_SECONDS) when uvicorn begins to close connections.
_LAST_SECONDS = 2


def start(command: list[str], settings: ServeSettings) -> None:
    own = settings.process
    options = uvicorn_options(command)
    workers = options.pop("workers")
    application = app.build(options.pop("app"), options.pop("factory"), settings)
    lean.end()
    options |= {"app": application, "access_log": own.access_log, "http": limited(own), "timeout_graceful_shutdown": _LAST_SECONDS}
    worker = Worker(settings.capacity.threads, own.grace, settings.telemetry, _probed(settings))
    if workers == 1:
        WorkerServer(uvicorn.Config(**options), worker).run()
    else:
        # Loads gunicorn, which a single worker has no use for.
        from . import prefork

        prefork.run(options, workers, worker)


def uvicorn_options(command: list[str]) -> dict[str, Any]:
    """What uvicorn's own command line makes of the arguments (MLFLOW_UVICORN_OPTS among them) and of UVICORN_* variables."""
    assert command[1:3] == _INTERPRETER, command[:3]
    parsed = uvicorn.main.make_context("uvicorn", command[3:]).params
    parsed["headers"] = [header.split(":", 1) for header in parsed["headers"]]
    accepted = inspect.signature(uvicorn.Config).parameters
    return {name: value for name, value in parsed.items() if name in accepted}


def _probed(settings: ServeSettings) -> Probed | None:
    if settings.readiness_port is None:
        return None
    # Shared by all workers, of which any can tell.
    listener = socket.create_server(("", settings.readiness_port))
    return Probed(listener, settings.schemas[0].uri, settings.store.destination, settings.prometheus.enabled)
