"""OpenTelemetry from the server: to an OTLP collector such as the Aspire dashboard, or to Azure Monitor."""

from .errors import SettingError
from .settings import MutableEnvironment, flag

_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_ACCEPTED_PROTOCOL = "http/protobuf"


def prepare(environment: MutableEnvironment) -> list[str]:
    """The command that runs the server instrumented when MLFLOW_OPENTELEMETRY is true; OTEL_* variables that are set win."""
    if not flag(environment, "MLFLOW_OPENTELEMETRY", False):
        # The instrumentations cost seconds of every start.
        return []
    exporter = "azure_monitor_opentelemetry_exporter" if environment.get("APPLICATIONINSIGHTS_CONNECTION_STRING") else "otlp"
    for signal in ("TRACES", "METRICS", "LOGS"):
        environment.setdefault(f"OTEL_{signal}_EXPORTER", exporter)
    if environment.setdefault(_PROTOCOL, _ACCEPTED_PROTOCOL) != _ACCEPTED_PROTOCOL:
        raise SettingError(_PROTOCOL, f"is {environment[_PROTOCOL]!r}; accepted: {_ACCEPTED_PROTOCOL}")
    environment.setdefault("OTEL_SERVICE_NAME", "mlflow")
    # Probes ask every few seconds.
    environment.setdefault("OTEL_PYTHON_EXCLUDED_URLS", "/health$,/version$")
    return ["opentelemetry-instrument"]
