"""The address that jobs of a server call it at, such as a judge that asks a model by the AI gateway: the one that it listens at, like 0.0.0.0:5000."""

from ..settings import Environment, MutableEnvironment, flag

_HOSTS = "MLFLOW_SERVER_ALLOWED_HOSTS"


def runs_jobs(environment: Environment) -> bool:
    """MLflow's own default is to run them."""
    return flag(environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", True)


def allow(environment: MutableEnvironment) -> None:
    """Adds it to the names that MLflow's check of Host lets through, where they are listed."""
    if runs_jobs(environment) and (hosts := environment.get(_HOSTS)):
        environment[_HOSTS] = f"{hosts},{environment.get('MLFLOW_HOST') or '127.0.0.1'}:{environment.get('MLFLOW_PORT') or '5000'}"
