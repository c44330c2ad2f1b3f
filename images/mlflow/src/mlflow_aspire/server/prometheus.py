"""Requests by route and status for Prometheus (MLFLOW_SERVER_PROMETHEUS): /metrics beside /ready, on the port that no ingress leads to.

Names, labels and buckets are those of OpenTelemetry. MLflow's own exporter (MLFLOW_EXPOSE_PROMETHEUS) knows neither routes nor what FastAPI answers, and
shows itself to everyone who reaches the server.
"""

import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import SettingError
from ..settings import Environment, Exports, flag

if TYPE_CHECKING:
    from .routes import Routes

_ENABLED = "MLFLOW_SERVER_PROMETHEUS"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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
    return _Requests(app, routes, Histogram("http_server_request_duration_seconds", "Duration of HTTP server requests.", labels, buckets=_BUCKETS))


def page() -> bytes:
    """What all workers have counted, in Prometheus's format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return bytes(generate_latest(registry))


class _Requests:
    def __init__(self, app: ASGIApp, routes: "Routes", duration: Any) -> None:
        self._app = app
        self._routes = routes
        self._duration = duration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # A request that is not answered has failed.
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
            route = self._routes.template(scope) or ""
            self._duration.labels(method, route, status).observe(time.perf_counter() - began)
