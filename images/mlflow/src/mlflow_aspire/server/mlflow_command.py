"""`mlflow server` in this process.

MLflow's command checks its settings, opens its stores, makes the first administrator and starts the job runner. Then it starts uvicorn in a process of its
own, imports everything there once more, and waits. Here it gets an object in place of that process, and waiting for it is serving.
"""

import os
import sys
from typing import Any, NoReturn

from . import url_builders
from .serve_settings import ServeSettings

# What MLflow reads while its server is imported, which its command sets afterwards.
IMPORTED_SETTINGS = {"MLFLOW_STATIC_PREFIX": "_MLFLOW_STATIC_PREFIX", "MLFLOW_EXPOSE_PROMETHEUS": "prometheus_multiproc_dir"}


class ThisProcess:
    """Has what MLflow's command does with the process that it starts."""

    def __init__(self, command: list[str], settings: ServeSettings) -> None:
        self.pid = os.getpid()
        self._command = command
        self._settings = settings

    def poll(self) -> None:
        """It runs."""

    def send_signal(self, number: int) -> NoReturn:
        """Ends the start, of which there is nothing to finish."""
        os._exit(128 + number)

    def wait(self) -> None:
        from .start import start

        start(self._command, self._settings)


def run(settings: ServeSettings) -> NoReturn:
    """Runs `mlflow server`, which gets its settings from the environment."""
    # What MLflow's command gives to its server is in the environment of a process of its own: from here on, this one is that.
    for name, imported in IMPORTED_SETTINGS.items():
        if os.environ.get(name):
            os.environ[imported] = os.environ[name]
    url_builders.compile_when_asked()
    # MLflow adds its checks of requests where it finds one of the servers imported.
    import mlflow.server
    import uvicorn  # noqa: F401
    from mlflow.cli import cli

    from ..databases import faults
    from . import job_runner, patches

    patches.apply()
    faults.install(mlflow.server.app)

    def execute(command: list[str], *, extra_env: dict[str, str], **_: Any) -> ThisProcess:
        os.environ.update(extra_env)
        # MLflow has imported it where jobs are on.
        if jobs := sys.modules.get("mlflow.server.jobs.utils"):
            jobs._launch_job_runner = job_runner.launch  # type: ignore[attr-defined]
        return ThisProcess(command, settings)

    mlflow.server._exec_cmd = execute
    cli.main(["server", *settings.sign_in.arguments], prog_name="mlflow")
    raise SystemExit(0)
