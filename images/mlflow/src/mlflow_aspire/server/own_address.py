"""The address that jobs of a server call it at, such as a judge that asks a model by the AI gateway: the one that it listens at, like 0.0.0.0:5000."""

from dataclasses import dataclass

from ..settings import Environment, Exports, flag

_HOSTS = "MLFLOW_SERVER_ALLOWED_HOSTS"


@dataclass(frozen=True)
class OwnAddress:
    runs_jobs: bool

    hosts: str | None
    """The names that MLflow's check of Host lets through, where they are listed and jobs run: with this one."""

    def exports(self) -> Exports:
        return {_HOSTS: self.hosts} if self.hosts else {}


def read(environment: Environment) -> OwnAddress:
    """Reads whether jobs run, and at which address they call the server.

    Raises:
        SettingError: it is not clear whether they run.
    """
    # MLflow's own default is to run them.
    runs_jobs = flag(environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", True)
    hosts = environment.get(_HOSTS)
    if not (runs_jobs and hosts):
        return OwnAddress(runs_jobs, None)
    return OwnAddress(runs_jobs, f"{hosts},{environment.get('MLFLOW_HOST') or '127.0.0.1'}:{environment.get('MLFLOW_PORT') or '5000'}")
