"""OpenTelemetry from the server: to an OTLP collector such as the Aspire dashboard, or to Azure Monitor.

A request is one span, named after its route, and so are the statements of the database that it asks for. What `opentelemetry-instrument` does in one step
is done in two: libraries are instrumented before MLflow is imported, and the exporters, which have threads and connections, start in the process that
serves.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import SettingError
from ..settings import Environment, Exports, flag
from .timed import Record, Timed

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.util.http import ExcludeList

    from .routes import Routes

_ENABLED = "MLFLOW_OPENTELEMETRY"
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_ACCEPTED_PROTOCOL = "http/protobuf"
_RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"
_APPLICATION_INSIGHTS = "azure_monitor_opentelemetry_exporter"
_INSTANCE = "service.instance.id"


@dataclass(frozen=True)
class Telemetry:
    enabled: bool = False

    defaults: Mapping[str, str] = field(default_factory=dict)
    """What OpenTelemetry's libraries and MLflow read, where nobody has set it."""

    counts_jobs: bool = False

    samples: bool = False
    """Whether traces are sampled as here, and not by a sampler that is set."""

    application_insights: frozenset[str] = frozenset()
    """What goes there: TRACES, METRICS, LOGS."""

    instance: str | None = None
    """The name that is set for the server, of which each of several workers makes one of its own: each counts for itself, and under one name the last
    would win."""

    def exports(self) -> Exports:
        return self.defaults


def read(environment: Environment, runs_jobs: bool, workers: int) -> Telemetry:
    """Reads the settings. OTEL_* variables that are set win.

    Raises:
        SettingError: one is wrong.
    """
    if not flag(environment, _ENABLED, False):
        return Telemetry()
    protocol = environment.get(_PROTOCOL, _ACCEPTED_PROTOCOL)
    if protocol != _ACCEPTED_PROTOCOL:
        raise SettingError(_PROTOCOL, f"is {protocol!r}; accepted: {_ACCEPTED_PROTOCOL}")
    exporter = _APPLICATION_INSIGHTS if environment.get("APPLICATIONINSIGHTS_CONNECTION_STRING") else "otlp"
    exporters = {signal: f"OTEL_{signal}_EXPORTER" for signal in ("TRACES", "METRICS", "LOGS")}
    defaults = dict.fromkeys(exporters.values(), exporter) | {
        _PROTOCOL: _ACCEPTED_PROTOCOL,
        "OTEL_SERVICE_NAME": "mlflow",
        # Names of today: http.server.request.duration and http.response.status_code.
        "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
        # MLflow would send the traces of models that it makes itself, such as those of the AI gateway, to the collector in place of its own store.
        "MLFLOW_ENABLE_OTLP_EXPORTER": "false",
        # Probes ask every few seconds.
        "OTEL_PYTHON_EXCLUDED_URLS": "/health$,/version$",
        # Disks, cards and processors of the machine are not the server's, and would be three quarters of all metrics; the rest is there twice.
        "OTEL_PYTHON_SYSTEM_METRICS_EXCLUDED_METRICS": "system.*,process.runtime.*,cpython.*",
    }
    attributes = dict(pair.split("=", 1) for pair in environment.get(_RESOURCE, "").split(",") if "=" in pair)
    return Telemetry(
        enabled=True,
        defaults={name: value for name, value in defaults.items() if name not in environment},
        counts_jobs=runs_jobs,
        samples=not environment.get("OTEL_TRACES_SAMPLER"),
        application_insights=frozenset(
            signal for signal, name in exporters.items() if _APPLICATION_INSIGHTS in map(str.strip, environment.get(name, exporter).split(","))
        ),
        instance=attributes.get(_INSTANCE) if workers > 1 else None,
    )


def instrument(settings: Telemetry) -> None:
    """Instruments the libraries. The instrumentations cost seconds of every start, so they are not even imported when they are not asked for."""
    if not settings.enabled:
        return
    from opentelemetry.instrumentation.auto_instrumentation._load import _load_distro, _load_instrumentors

    from . import jobs, pools

    distro = _load_distro()
    distro.configure()
    _load_instrumentors(distro)
    pools.observe()
    pools.leave_out_trials()
    if settings.counts_jobs:
        jobs.observe()


def observe(app: ASGIApp, inner: "FastAPI", routes: "Routes", settings: Telemetry) -> ASGIApp:
    """Puts in front of the app what makes a span of each request, and counts it. `inner` is MLflow's own app in it."""
    if not settings.enabled:
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

    excluded = get_excluded_urls("ASGI")
    if "METRICS" in settings.application_insights:
        app = Timed(app, routes, _durations(excluded))
    # FastAPI tells of requests as well, and does not know Flask's routes.
    getattr(inner, "_telemetry", {}).update(tracing=False, metrics=False, logs=False)
    inner.user_middleware.insert(0, Middleware(Exceptions))
    return OpenTelemetryMiddleware(app, excluded, default_span_details=details, exclude_spans=["receive", "send"])


def _durations(excluded: "ExcludeList") -> Record:
    """Of all requests, by route: of the standard metric the exporter makes one of its own, which has no routes, and of traces it gets some."""
    from opentelemetry.metrics import get_meter
    from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE

    durations = get_meter(__name__).create_histogram("mlflow.server.request.duration", "s", "Duration of requests.")

    def record(method: str, route: str, status: int, seconds: float) -> None:
        if not excluded.url_disabled(route):
            durations.record(seconds, {HTTP_REQUEST_METHOD: method, HTTP_ROUTE: route, HTTP_RESPONSE_STATUS_CODE: status})

    return record


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


def start(settings: Telemetry) -> None:
    """Starts the exporters of this process."""
    if not settings.enabled:
        return
    from opentelemetry.distro import OpenTelemetryConfigurator
    from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
    from opentelemetry.instrumentation.version import __version__

    # There is one, and it counts for the process that it was made in last: of several workers the one that they are forked from.
    SystemMetricsInstrumentor()
    options: dict[str, Any] = {}
    if settings.samples:
        from . import sampling

        options["sampler"] = sampling.few_requests(sampling.Few()) if "TRACES" in settings.application_insights else sampling.requests()
    if settings.instance is not None:
        options["resource_attributes"] = {_INSTANCE: f"{settings.instance}-{os.getpid()}"}
    OpenTelemetryConfigurator().configure(auto_instrumentation_version=__version__, **options)
