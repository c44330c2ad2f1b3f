"""OpenTelemetry from the server: to an OTLP collector such as the Aspire dashboard, or to Azure Monitor.

A request is one span, named after its route, and so are the statements of the database that it asks for. What `opentelemetry-instrument` does in one step
is done in two: libraries are instrumented before MLflow is imported, and the exporters, which have threads and connections, start in the process that
serves.
"""

import os
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import SettingError
from ..settings import Environment, MutableEnvironment, flag
from . import capacity, own_address

if TYPE_CHECKING:
    from fastapi import FastAPI

    from .routes import Routes

_ENABLED = "MLFLOW_OPENTELEMETRY"
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_ACCEPTED_PROTOCOL = "http/protobuf"
_RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"
_INSTANCE = "service.instance.id"


def prepare(environment: MutableEnvironment) -> None:
    """Completes the settings when MLFLOW_OPENTELEMETRY is true; OTEL_* variables that are set win."""
    if not flag(environment, _ENABLED, False):
        return
    exporter = "azure_monitor_opentelemetry_exporter" if environment.get("APPLICATIONINSIGHTS_CONNECTION_STRING") else "otlp"
    for signal in ("TRACES", "METRICS", "LOGS"):
        environment.setdefault(f"OTEL_{signal}_EXPORTER", exporter)
    if environment.setdefault(_PROTOCOL, _ACCEPTED_PROTOCOL) != _ACCEPTED_PROTOCOL:
        raise SettingError(_PROTOCOL, f"is {environment[_PROTOCOL]!r}; accepted: {_ACCEPTED_PROTOCOL}")
    environment.setdefault("OTEL_SERVICE_NAME", "mlflow")
    # Names of today: http.server.request.duration and http.response.status_code.
    environment.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    # MLflow would send the traces of models that it makes itself, such as those of the AI gateway, to the collector in place of its own store.
    environment.setdefault("MLFLOW_ENABLE_OTLP_EXPORTER", "false")
    # Probes ask every few seconds.
    environment.setdefault("OTEL_PYTHON_EXCLUDED_URLS", "/health$,/version$")


def instrument(environment: Environment) -> None:
    """Instruments the libraries. The instrumentations cost seconds of every start, so they are not even imported when they are not asked for."""
    if not flag(environment, _ENABLED, False):
        return
    from opentelemetry.instrumentation.auto_instrumentation._load import _load_distro, _load_instrumentors

    from . import jobs, pools

    distro = _load_distro()
    distro.configure()
    _load_instrumentors(distro)
    pools.observe()
    if own_address.runs_jobs(environment):
        jobs.observe()


def observe(app: ASGIApp, inner: "FastAPI", routes: "Routes", environment: Environment) -> ASGIApp:
    """Puts in front of the app what makes a span of each request, and counts it. `inner` is MLflow's own app in it."""
    if not flag(environment, _ENABLED, False):
        return app
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.semconv.attributes.http_attributes import HTTP_ROUTE
    from opentelemetry.util.http import get_excluded_urls, sanitize_method
    from starlette.middleware import Middleware

    def details(scope: Scope) -> tuple[str, dict[str, str]]:
        if scope["type"] != "http":
            return str(scope["type"]), {}
        method = sanitize_method(scope["method"])
        name = "HTTP" if method == "_OTHER" else method
        route = routes.template(scope)
        return (f"{name} {route}", {HTTP_ROUTE: route}) if route else (name, {})

    # FastAPI tells of requests as well, and does not know Flask's routes.
    getattr(inner, "_telemetry", {}).update(tracing=False, metrics=False, logs=False)
    inner.user_middleware.insert(0, Middleware(Exceptions))
    return OpenTelemetryMiddleware(app, get_excluded_urls("ASGI"), default_span_details=details, exclude_spans=["receive", "send"])


class Exceptions:
    """Notes what a request fails of at its span, which has ended when the answer 500 has been sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.trace import get_current_span

        try:
            await self._app(scope, receive, send)
        except Exception as error:
            get_current_span().record_exception(error)
            raise


def start(environment: Environment) -> None:
    """Starts the exporters of this process."""
    if not flag(environment, _ENABLED, False):
        return
    from opentelemetry.distro import OpenTelemetryConfigurator
    from opentelemetry.instrumentation.version import __version__

    options: dict[str, Any] = {}
    if not environment.get("OTEL_TRACES_SAMPLER"):
        from .sampling import requests

        options["sampler"] = requests()
    if instance := _instance(environment):
        options["resource_attributes"] = {_INSTANCE: instance}
    OpenTelemetryConfigurator().configure(auto_instrumentation_version=__version__, **options)


def _instance(environment: Environment) -> str | None:
    """A name of its own for each of several workers, where one is set: each counts for itself, and under one name the last would win."""
    attributes = dict(pair.split("=", 1) for pair in environment.get(_RESOURCE, "").split(",") if "=" in pair)
    several = capacity.read(environment).workers > 1
    return f"{attributes[_INSTANCE]}-{os.getpid()}" if several and _INSTANCE in attributes else None
