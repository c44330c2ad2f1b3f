import inspect
import unittest
from unittest import mock

import mlflow.server

from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import own_address, serve_settings, settings, telemetry
from mlflow_aspire.settings import Exports, export

SETTINGS = {
    "MLFLOW_BACKEND_STORE_URI": "postgresql://me:database-secret@db/mlflow",
    "MLFLOW_ARTIFACTS_DESTINATION": "s3://bucket",
    "MLFLOW_CRYPTO_KEK_PASSPHRASE": "passphrase-secret",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask-secret",
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "webhook-secret, 32 characters or more",
}


class ServeTest(unittest.TestCase):
    def test_no_secret_is_an_argument(self) -> None:
        environment = dict(SETTINGS)
        read = serve_settings.read(environment)
        self.assertEqual(read.sign_in.arguments, [])
        export(environment, read.parts)
        self.assertEqual(environment["MLFLOW_BACKEND_STORE_URI"], "postgresql+psycopg2://db/mlflow")
        self.assertEqual(environment["PGPASSWORD"], "database-secret")

    def test_what_is_mlflows_own_passes_through(self) -> None:
        own = {"MLFLOW_WORKERS": "2", "MLFLOW_SERVER_ALLOWED_HOSTS": "mlflow:5000", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        environment = {**SETTINGS, **own}
        export(environment, serve_settings.read(environment).parts)
        self.assertEqual({name: environment[name] for name in own}, own)

    def test_each_setting_is_needed(self) -> None:
        for name in SETTINGS.keys() - {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"}:
            with self.subTest(name), self.assertRaisesRegex(SettingError, f"^{name} is not set"):
                serve_settings.read({**SETTINGS, name: ""})

    def test_a_wrong_setting_is_named(self) -> None:
        for name, value in (
            ("MLFLOW_SERVER_ACCESS_LOG", "maybe"),
            ("MLFLOW_SERVER_DIRECT_ROUTES", "maybe"),
            ("MLFLOW_SERVER_GRACE_SECONDS", "0"),
            ("MLFLOW_SERVER_MAX_HEADER_BYTES", "1024"),
            ("MLFLOW_SERVER_HEADER_SECONDS", "-1"),
            ("MLFLOW_SERVER_THREADS", "0"),
            ("MLFLOW_SERVER_REPLICAS", "two"),
            ("MLFLOW_WORKERS", "0"),
            ("MLFLOW_READINESS_PORT", "80"),
            ("MLFLOW_SERVER_MAX_BODY_MEBIBYTES", "0"),
            ("MLFLOW_DATABASE_TIMEOUT_SECONDS", "1m"),
        ):
            with self.subTest(name), self.assertRaisesRegex(SettingError, f"^{name} is {value!r}; accepted: "):
                serve_settings.read({**SETTINGS, name: value})

    def test_the_defaults(self) -> None:
        self.assertEqual(
            settings.read({}),
            settings.ServerSettings(access_log=False, direct_routes=True, grace=25, header_bytes=65_536, request_seconds=20),
        )


class OwnAddressTest(unittest.TestCase):
    def test_jobs_may_call_the_server_at_the_address_that_it_listens_at(self) -> None:
        environment = {"MLFLOW_SERVER_ALLOWED_HOSTS": "ml.example", "MLFLOW_HOST": "0.0.0.0", "MLFLOW_PORT": "5001"}
        self.assertEqual(own_address.read(environment).exports(), {"MLFLOW_SERVER_ALLOWED_HOSTS": "ml.example,0.0.0.0:5001"})
        # This is the address that MLflow gives them.
        source = inspect.getsource(mlflow.server._run_server)
        self.assertIn('server_uri = f"http://{host}:{port}"', source)
        self.assertIn("job_env[MLFLOW_GATEWAY_URI.name] = server_uri", source)

    def test_nothing_is_added_without_jobs_or_without_a_list(self) -> None:
        for given in ({"MLFLOW_SERVER_ALLOWED_HOSTS": "ml.example", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}, {}):
            self.assertEqual(own_address.read(given).exports(), {})


class TelemetryTest(unittest.TestCase):
    def exports(self, environment: dict[str, str]) -> Exports:
        return telemetry.read(environment, runs_jobs=True, workers=1).exports()

    def exporters(self, **settings: str) -> set[str]:
        environment = {"MLFLOW_OPENTELEMETRY": "true", **settings}
        environment |= self.exports(environment)
        return {environment[f"OTEL_{signal}_EXPORTER"] for signal in ("TRACES", "METRICS", "LOGS")}

    def test_off(self) -> None:
        for environment in ({}, {"MLFLOW_OPENTELEMETRY": "false", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}):
            self.assertEqual(self.exports(environment), {})

    def test_exporters(self) -> None:
        self.assertEqual(self.exporters(), {"otlp"})
        self.assertEqual(self.exporters(APPLICATIONINSIGHTS_CONNECTION_STRING="InstrumentationKey=0"), {"azure_monitor_opentelemetry_exporter"})
        self.assertEqual(self.exporters(OTEL_METRICS_EXPORTER="none"), {"otlp", "none"})

    def test_traces_of_models_stay_in_the_store_of_the_server(self) -> None:
        from mlflow.tracing.utils.otlp import should_use_otlp_exporter

        environment = {"MLFLOW_OPENTELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"}
        with mock.patch.dict("os.environ", {**environment, **self.exports(environment)}):
            self.assertFalse(should_use_otlp_exporter())

    def test_the_protocol_that_is_not_installed(self) -> None:
        with self.assertRaisesRegex(SettingError, "^OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'; accepted: http/protobuf$"):
            self.exports({"MLFLOW_OPENTELEMETRY": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
