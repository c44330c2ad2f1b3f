"""The settings of the server process that are not MLflow's."""

from dataclasses import dataclass

from ..settings import Environment, flag, number


@dataclass(frozen=True)
class ServerSettings:
    access_log: bool
    """A line for each request, for which a server spends a tenth of its time on short ones."""

    direct_routes: bool
    """Whether requests that only MLflow's Flask app answers go there without the detours of its FastAPI app, and all others by shorter ways through its
    middlewares. Without it these are as MLflow has them; the bridge from there to Flask stays."""

    grace: int
    """Seconds that running calls have to end after SIGTERM."""

    header_bytes: int
    """The largest request line and headers together, in bytes."""

    request_seconds: int
    """How long a client may take to send a request line and headers."""


def read(environment: Environment) -> ServerSettings:
    """Reads them.

    Raises:
        SettingError: one is wrong.
    """
    return ServerSettings(
        access_log=flag(environment, "MLFLOW_SERVER_ACCESS_LOG", False),
        direct_routes=flag(environment, "MLFLOW_SERVER_DIRECT_ROUTES", True),
        grace=number(environment, "MLFLOW_SERVER_GRACE_SECONDS", 25, 1, 3600),
        header_bytes=number(environment, "MLFLOW_SERVER_MAX_HEADER_BYTES", 65_536, 8_192, 1_048_576),
        request_seconds=number(environment, "MLFLOW_SERVER_HEADER_SECONDS", 20, 1, 3600),
    )
