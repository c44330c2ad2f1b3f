"""From MLflow's command line of uvicorn to a server: in this process for one worker, in processes forked from it for more."""

import inspect
import socket
from typing import Any

import uvicorn

from .. import lean
from ..settings import Environment
from . import app, capacity, readiness, settings
from .protocol import limited
from .worker import Worker, WorkerServer

# The arguments in front of uvicorn's own: the interpreter and the module.
_INTERPRETER = ["-m", "uvicorn"]

# Calls have had their time to end (MLFLOW_SERVER_GRACE_SECONDS) when uvicorn begins to close connections.
_LAST_SECONDS = 2


def start(command: list[str], environment: Environment) -> None:
    own = settings.read(environment)
    size = capacity.read(environment)
    options = uvicorn_options(command)
    workers = options.pop("workers")
    application = app.build(options.pop("app"), options.pop("factory"), own, environment)
    lean.end()
    options |= {"app": application, "access_log": own.access_log, "http": limited(own), "timeout_graceful_shutdown": _LAST_SECONDS}
    ready_socket = _listen(environment)
    worker = Worker(environment, size.threads, own.grace, ready_socket)
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


def _listen(environment: Environment) -> socket.socket | None:
    port = readiness.port(environment)
    # Shared by all workers, of which any can tell.
    return socket.create_server(("", port)) if port else None
