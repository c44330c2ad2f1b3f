"""OpenTelemetry from the server: to an OTLP collector such as the Aspire dashboard, or to Azure Monitor.

What `opentelemetry-instrument` does in one step is done in two: libraries are instrumented before MLflow is imported, and the exporters, which have
threads and connections, start in the process that serves.
"""

from ..errors import SettingError
from ..settings import Environment, MutableEnvironment, flag

_ENABLED = "MLFLOW_OPENTELEMETRY"
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_ACCEPTED_PROTOCOL = "http/protobuf"


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
    # Probes ask every few seconds.
    environment.setdefault("OTEL_PYTHON_EXCLUDED_URLS", "/health$,/version$")


def instrument(environment: Environment) -> None:
    """Instruments the libraries. The instrumentations cost seconds of every start, so they are not even imported when they are not asked for."""
    if not flag(environment, _ENABLED, False):
        return
    from opentelemetry.instrumentation.auto_instrumentation._load import _load_distro, _load_instrumentors

    distro = _load_distro()
    distro.configure()
    _load_instrumentors(distro)


def start(environment: Environment) -> None:
    """Starts the exporters of this process."""
    if not flag(environment, _ENABLED, False):
        return
    from opentelemetry.instrumentation.auto_instrumentation._load import _load_configurators

    _load_configurators()
