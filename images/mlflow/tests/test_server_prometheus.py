"""Metrics for Prometheus: what a server counts, and where it tells."""

import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from sqlalchemy import create_engine

from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import prometheus, readiness

ON = {"MLFLOW_SERVER_PROMETHEUS": "true"}

# Two processes count in one folder, as workers do. A fork has what its parent has imported.
_WORKERS = """
import asyncio, json, os
from mlflow_aspire.server import prometheus
from mlflow_aspire.settings import export
settings = prometheus.read({"MLFLOW_SERVER_PROMETHEUS": "true"}, 5001)
export(os.environ, [settings])

class Routes:
    def template(self, scope):
        return "/runs/get" if scope["path"] == "/runs/get" else None

async def app(scope, receive, send):
    if scope["path"] == "/broken":
        raise LookupError
    await send({"type": "http.response.start", "status": 200 if scope["path"] == "/runs/get" else 404, "headers": []})

async def send(message):
    pass

def call(app, method, path):
    try:
        asyncio.run(app({"type": "http", "method": method, "path": path}, None, send))
    except LookupError:
        pass

observed = prometheus.observe(app, Routes(), settings)
child = os.fork()
for method, path in (("GET", "/runs/get"), ("BREW", "/nowhere/1"), ("GET", "/broken")):
    call(observed, method, path)
if not child:
    os._exit(0)
os.waitpid(child, 0)
print(json.dumps(prometheus.page().decode()))
"""


class PrometheusTest(unittest.IsolatedAsyncioTestCase):
    def test_the_requests_of_all_workers_are_counted_by_route_and_status(self) -> None:
        run = subprocess.run([sys.executable, "-c", _WORKERS], capture_output=True, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        counts = [line for line in json.loads(run.stdout).splitlines() if line.startswith("http_server_request_duration_seconds_count")]
        labels = 'http_request_method="{}",http_response_status_code="{}",http_route="{}"'
        self.assertEqual(
            sorted(counts),
            sorted(
                f"http_server_request_duration_seconds_count{{{labels.format(*values)}}} 2.0"
                for values in (("GET", 200, "/runs/get"), ("_OTHER", 404, ""), ("GET", 500, ""))
            ),
        )

    def test_it_is_off_unless_it_is_asked_for(self) -> None:
        settings = prometheus.read({}, None)
        self.assertEqual(settings.exports(), {})
        app = mock.sentinel.app
        self.assertIs(prometheus.observe(app, mock.sentinel.routes, settings), app)

    def test_without_a_port_it_is_refused(self) -> None:
        with self.assertRaisesRegex(SettingError, "^MLFLOW_SERVER_PROMETHEUS is true, and MLFLOW_READINESS_PORT"):
            prometheus.read(ON, None)

    async def test_it_is_told_beside_readiness(self) -> None:
        for page, status in ((lambda: b"metrics 1\n", 200), (None, 404)):
            sent: list[dict] = []

            async def send(message: dict, sent: list[dict] = sent) -> None:
                sent.append(message)

            app = readiness.Readiness(create_engine("sqlite://"), metrics=page)
            await app({"type": "http", "method": "GET", "path": "/metrics", "headers": []}, mock.AsyncMock(), send)
            self.assertEqual(sent[0]["status"], status)
            if page:
                self.assertEqual(sent[1]["body"], page())


if __name__ == "__main__":
    unittest.main()
