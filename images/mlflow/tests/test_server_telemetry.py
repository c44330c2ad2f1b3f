"""What is told of requests: spans and metrics by route and status, connections of pools, jobs."""

import asyncio
import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from unittest import mock

import flask
from fastapi import FastAPI
from mlflow.store.jobs.sqlalchemy_store import SqlAlchemyJobStore
from opentelemetry.context import Context
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.metrics import CallbackOptions, set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, get_tracer, set_span_in_context, set_tracer_provider
from sqlalchemy import QueuePool, create_engine
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import OperationalError
from starlette.middleware.wsgi import WSGIMiddleware

from mlflow_aspire.server import jobs, pools, sampling, telemetry
from mlflow_aspire.server.routes import Routes

ON = {"MLFLOW_OPENTELEMETRY": "true"}


def apps() -> tuple[FastAPI, flask.Flask]:
    """Two apps such as MLflow's: Flask's answers what FastAPI's has no route for."""
    inner = flask.Flask("inner")
    inner.add_url_rule("/runs/get", "get", lambda: "run")
    inner.add_url_rule("/traces/<trace_id>/tags/<path:key>", "tags", lambda trace_id, key: "tags", methods=["GET", "POST"])
    app = FastAPI()

    @app.get("/artifacts/{artifact_path:path}")
    def artifact(artifact_path: str) -> str:
        return artifact_path

    @app.get("/health")
    def health() -> str:
        return "OK"

    @app.get("/broken")
    def broken() -> None:
        raise LookupError("there is nothing")

    app.mount("/", WSGIMiddleware(inner))
    return app, inner


class RoutesTest(unittest.TestCase):
    def test_a_template_for_each_route(self) -> None:
        routes = Routes(*apps())
        for method, path, template in (
            ("GET", "/runs/get", "/runs/get"),
            ("GET", "/traces/tr-1/tags/a/b", "/traces/{trace_id}/tags/{key}"),
            ("GET", "/artifacts/0/a/model.pkl", "/artifacts/{artifact_path}"),
            ("GET", "/nowhere/1", None),
            # Neither has these methods there.
            ("DELETE", "/artifacts/0/a/model.pkl", None),
            ("DELETE", "/traces/tr-1/tags/a", None),
        ):
            with self.subTest(f"{method} {path}"):
                self.assertEqual(routes.template({"type": "http", "method": method, "path": path}), template)


class TelemetryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.spans, cls.metrics = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider(sampler=sampling.requests(), resource=Resource({}))
        provider.add_span_processor(SimpleSpanProcessor(cls.spans))
        set_tracer_provider(provider)
        set_meter_provider(MeterProvider([cls.metrics], resource=Resource({})))
        app, inner = apps()
        settings = telemetry.read(ON, runs_jobs=True, workers=1)
        with mock.patch.dict("os.environ", {**ON, **settings.exports()}):
            cls.app = staticmethod(telemetry.observe(app, app, Routes(app, inner), settings))

    def setUp(self) -> None:
        self.spans.clear()

    def _call(self, method: str, path: str) -> int:
        sent: list[dict] = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "client": ("10.0.0.4", 1234), "server": ("10.0.0.5", 5000), "headers": [(b"host", b"server")],
        }  # fmt: skip

        async def receive() -> dict:
            return {"type": "http.request", "body": b""}

        async def send(message: dict) -> None:
            sent.append(message)

        async def run() -> None:
            with suppress(LookupError):
                await self.app(scope, receive, send)

        asyncio.run(run())
        return int(sent[0]["status"])

    def _points(self, name: str) -> list:
        data = self.metrics.get_metrics_data()
        found = [metric for resource in data.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics if metric.name == name]
        return [point for metric in found for point in metric.data.data_points]

    def test_a_request_is_one_span_named_after_its_route(self) -> None:
        self.assertEqual(self._call("GET", "/traces/tr-1/tags/a"), 200)
        self.assertEqual(self._call("GET", "/nowhere/1"), 404)
        first, second = self.spans.get_finished_spans()
        self.assertEqual(first.name, "GET /traces/{trace_id}/tags/{key}")
        self.assertEqual(first.attributes["http.route"], "/traces/{trace_id}/tags/{key}")
        self.assertEqual(first.attributes["http.response.status_code"], 200)
        self.assertEqual((second.name, second.attributes.get("http.route")), ("GET", None))

    def test_an_exception_is_noted_at_the_span_of_its_request(self) -> None:
        self.assertEqual(self._call("GET", "/broken"), 500)
        (span,) = self.spans.get_finished_spans()
        self.assertFalse(span.status.is_ok)
        self.assertEqual([event.attributes["exception.message"] for event in span.events], ["there is nothing"])

    def test_requests_are_counted_by_route_and_status(self) -> None:
        for _ in range(3):
            self._call("GET", "/runs/get")
        self._call("POST", "/runs/get")
        points = {
            (point.attributes["http.request.method"], point.attributes["http.response.status_code"]): point.count
            for point in self._points("http.server.request.duration")
            if point.attributes.get("http.route") == "/runs/get"
        }
        self.assertEqual(points, {("GET", 200): 3, ("POST", 405): 1})

    def test_what_belongs_to_no_request_leaves_no_trace(self) -> None:
        tracer = get_tracer("test")
        with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT):
            pass
        with tracer.start_as_current_span("GET /runs/get", kind=SpanKind.SERVER), tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT):
            pass
        self.assertEqual([span.name for span in self.spans.get_finished_spans()], ["SELECT", "GET /runs/get"])

    def test_probes_are_left_out(self) -> None:
        self._call("GET", "/health")
        self.assertEqual(self.spans.get_finished_spans(), ())

    def test_connections_of_pools_are_counted(self) -> None:
        pools.observe()
        engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3, max_overflow=2)
        with engine.connect(), engine.connect():
            pass
        with engine.connect():
            count = {point.attributes["db.client.connection.state"]: point.value for point in self._points("db.client.connection.count")}
            self.assertEqual(count, {"used": 1, "idle": 1})
            self.assertEqual([point.value for point in self._points("db.client.connection.max")], [5])

    def test_jobs_are_counted_by_name_and_status(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = SqlAlchemyJobStore(f"sqlite:///{folder}/jobs.db")
            self.addCleanup(store.engine.dispose)
            for name in ("score", "score", "optimize"):
                last = store.create_job(name, "{}")
            store.start_job(last.job_id)
            with mock.patch("mlflow.server.handlers._get_job_store", lambda: store):
                jobs.observe()
                points = {(point.attributes["mlflow.job.name"], point.attributes["mlflow.job.status"]): point.value for point in self._points("mlflow.jobs")}
                self.assertEqual(points, {("score", "PENDING"): 2, ("optimize", "RUNNING"): 1})

    def test_a_database_that_does_not_answer_tells_of_no_jobs(self) -> None:
        with mock.patch("mlflow.server.handlers._get_job_store", side_effect=OperationalError("", None, Exception())):
            self.assertEqual(list(jobs.Jobs()(CallbackOptions())), [])

    def test_several_workers_have_names_of_their_own(self) -> None:
        named = {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=abc,zone=1"}
        self.assertEqual(self._attributes(named, workers=1), None)
        self.assertRegex(str(self._attributes(named, workers=2)), r"^\{'service\.instance\.id': 'abc-[0-9]+'\}$")
        # Without a name the library gives each process one.
        self.assertEqual(self._attributes({}, workers=2), None)

    def _attributes(self, environment: dict[str, str], workers: int) -> object:
        with mock.patch("opentelemetry.distro.OpenTelemetryConfigurator.configure") as configure:
            telemetry.start(telemetry.read({**ON, **environment}, runs_jobs=True, workers=workers))
        return configure.call_args.kwargs.get("resource_attributes")

    def test_requests_are_few_for_application_insights_and_a_sampler_that_is_set_wins(self) -> None:
        exporter = "azure_monitor_opentelemetry_exporter"
        insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0"}
        every, few = sampling.requests().get_description(), sampling.few_requests(sampling.Few()).get_description()
        self.assertNotEqual(every, few)
        for environment, expected in (
            ({}, every),
            (insights, few),
            (insights | {"OTEL_TRACES_EXPORTER": "otlp"}, every),
            (insights | {"OTEL_TRACES_EXPORTER": f"otlp, {exporter}"}, few),
            ({"OTEL_TRACES_EXPORTER": f"{exporter},otlp"}, few),
            ({"OTEL_TRACES_SAMPLER": "always_on"}, None),
            (insights | {"OTEL_TRACES_SAMPLER": "always_on"}, None),
        ):
            with self.subTest(environment), mock.patch("opentelemetry.distro.OpenTelemetryConfigurator.configure") as configure:
                telemetry.start(telemetry.read({**ON, **environment}, runs_jobs=True, workers=1))
                sampler = configure.call_args.kwargs.get("sampler")
                self.assertEqual(sampler and sampler.get_description(), expected)

    def test_application_insights_has_all_requests_by_route_and_status(self) -> None:
        app, inner = apps()
        routes = Routes(app, inner)
        settings = telemetry.read({**ON, "OTEL_METRICS_EXPORTER": "azure_monitor_opentelemetry_exporter"}, runs_jobs=False, workers=1)
        with mock.patch.dict("os.environ", {**ON, **settings.exports()}), mock.patch.object(type(self), "app", telemetry.observe(app, app, routes, settings)):
            for method, path in (("GET", "/artifacts/a"), ("GET", "/artifacts/b"), ("BREW", "/nowhere"), ("GET", "/broken"), ("GET", "/health")):
                self._call(method, path)
        points = {
            (point.attributes["http.request.method"], point.attributes["http.route"], point.attributes["http.response.status_code"]): point.count
            for point in self._points("mlflow.server.request.duration")
        }
        self.assertEqual(points, {("GET", "/artifacts/{artifact_path}", 200): 2, ("_OTHER", "", 404): 1, ("GET", "/broken", 500): 1})

    def test_a_worker_counts_for_itself(self) -> None:
        forked_from = subprocess.Popen(["sleep", "60"])
        self.addCleanup(forked_from.wait)
        self.addCleanup(forked_from.kill)
        with mock.patch("os.getpid", lambda: forked_from.pid):
            there_is_one = SystemMetricsInstrumentor()
        there_is_one.instrument()
        self.addCleanup(there_is_one.uninstrument)
        with mock.patch("opentelemetry.distro.OpenTelemetryConfigurator.configure"):
            telemetry.start(telemetry.read(ON, runs_jobs=True, workers=2))
        with mock.patch("psutil.Process.num_fds", lambda process: process.pid):
            (point,) = self._points("process.open_file_descriptor.count")
        self.assertEqual(point.value, os.getpid())

    def test_a_connection_is_tried_without_a_trace(self) -> None:
        traced: list[bool] = []
        connection = mock.Mock()
        connection.cursor.return_value.execute = lambda statement: traced.append(is_instrumentation_enabled())
        with mock.patch.object(PGDialect_psycopg2, "do_ping", PGDialect_psycopg2.do_ping):
            self.assertTrue(PGDialect_psycopg2().do_ping(connection))
            pools.leave_out_trials()
            self.assertTrue(PGDialect_psycopg2().do_ping(connection))
        self.assertEqual(traced, [True, False])


class FewTest(unittest.TestCase):
    """A client that has one trace for all of its requests: a burst, an hour of one request a second, and a hundred a second."""

    def setUp(self) -> None:
        self.now = 0.0
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampling.few_requests(sampling.Few(lambda: self.now)), resource=Resource({}))
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")

    def _send(self, requests: int, seconds: float) -> list[ReadableSpan]:
        """The requests that are kept, after their statements have been compared with them."""
        self.exporter.clear()
        for number in range(requests):
            self.now += seconds
            # What a client has decided for its own trace is not asked.
            client = SpanContext(7, 1, is_remote=True, trace_flags=TraceFlags(number % 2))
            caller = set_span_in_context(NonRecordingSpan(client)) if number % 3 else Context()
            with self.tracer.start_as_current_span("request", caller, SpanKind.SERVER), self.tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT):
                pass
            with self.tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT):
                pass
        kept, statements = ([span for span in self.exporter.get_finished_spans() if span.name == name] for name in ("request", "SELECT"))
        self.assertEqual([span.parent.span_id for span in statements], [span.context.span_id for span in kept])
        self.assertEqual(*([span.attributes["_MS.sampleRate"] for span in spans] for spans in (kept, statements)))
        return kept

    def _count(self, kept: list[ReadableSpan]) -> int:
        """How many requests these stand for."""
        return sum(round(100 / span.attributes["_MS.sampleRate"]) for span in kept)

    def test_a_burst_after_a_while_is_kept(self) -> None:
        kept = self._send(30, 0.01)
        self.assertEqual((len(kept), self._count(kept)), (30, 30))
        self.now += 30
        kept = self._send(30, 0.01)
        self.assertEqual((len(kept), self._count(kept)), (30, 30))

    def test_one_a_second_is_kept(self) -> None:
        kept = self._send(3_600, 1.01)
        self.assertEqual((len(kept), self._count(kept)), (3_600, 3_600))

    def test_of_more_one_a_second_is_kept_and_tells_how_many_it_stands_for(self) -> None:
        kept = self._send(10_000, 0.01)
        self.assertTrue(125 <= len(kept) <= 131, len(kept))
        # The last ones are told by the next one that is kept.
        self.assertTrue(9_850 < self._count(kept) <= 10_000, self._count(kept))

    def test_many_threads_count_each_request_once(self) -> None:
        few = sampling.Few(lambda: 0.0)
        with ThreadPoolExecutor(8) as threads:
            stand_for = list(threads.map(lambda number: few.next(), range(1_000)))
        self.assertEqual((sum(map(bool, stand_for)), sum(stand_for)), (30, 30))


if __name__ == "__main__":
    unittest.main()
