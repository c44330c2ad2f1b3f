"""Requests by route and status for Prometheus (MLFLOW_SERVER_PROMETHEUS): /metrics beside /ready, on the port that no ingress leads to.

Names, labels and buckets are those of OpenTelemetry. MLflow's own exporter (MLFLOW_EXPOSE_PROMETHEUS) knows neither routes nor what FastAPI answers, and
shows itself to everyone who reaches the server.
"""

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from ..errors import SettingError
from ..settings import Environment, Exports, flag
from .timed import Timed

if TYPE_CHECKING:
    from .routes import Routes

_ENABLED = "MLFLOW_SERVER_PROMETHEUS"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


@dataclass(frozen=True)
class Prometheus:
    enabled: bool

    def exports(self) -> Exports:
        """Makes the folder in which each worker counts, so that any of them can tell of all."""
        return {_FOLDER: tempfile.mkdtemp(prefix="prometheus-")} if self.enabled else {}


def read(environment: Environment, port: int | None) -> Prometheus:
    """Reads whether it is on.

    Raises:
        SettingError: there is no port for it.
    """
    enabled = flag(environment, _ENABLED, False)
    if enabled and port is None:
        raise SettingError(_ENABLED, "is true, and MLFLOW_READINESS_PORT, the port that /metrics is answered on, is not set; accepted: both")
    return Prometheus(enabled)


def observe(app: ASGIApp, routes: "Routes", settings: Prometheus) -> ASGIApp:
    """Puts in front of the app what counts its requests."""
    if not settings.enabled:
        return app
    # The client looks for the folder when it is imported.
    from prometheus_client import Histogram

    labels = ("http_request_method", "http_route", "http_response_status_code")
    durations = Histogram("http_server_request_duration_seconds", "Duration of HTTP server requests.", labels, buckets=_BUCKETS)

    def record(method: str, route: str, status: int, seconds: float) -> None:
        durations.labels(method, route, status).observe(seconds)

    return Timed(app, routes, record)


def page() -> bytes:
    """What all workers have counted, in Prometheus's format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return bytes(generate_latest(registry))
