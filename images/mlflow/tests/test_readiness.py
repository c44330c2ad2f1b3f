"""Readiness: what a probe is answered while server and database come and go."""

import threading
import unittest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

from mlflow_aspire import readiness
from mlflow_aspire.errors import SettingError
from sqlalchemy import Engine, create_engine


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK if self.path == "/health" else HTTPStatus.NOT_FOUND)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _serve(server: HTTPServer) -> str:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class ReadinessTest(unittest.TestCase):
    def setUp(self) -> None:
        self.mlflow = HTTPServer(("127.0.0.1", 0), _Health)
        self.addCleanup(self.mlflow.server_close)
        self.health = f"{_serve(self.mlflow)}/health"
        self.addCleanup(self.mlflow.shutdown)
        self.database = create_engine("sqlite://")

    def _ask(self, database: Engine, path: str = "/ready") -> int:
        server = readiness.ReadinessServer(0, self.health, database)
        try:
            address = _serve(server)
            with urlopen(f"{address}{path}", timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code
        finally:
            server.shutdown()
            server.server_close()

    def test_ready_when_server_and_database_answer(self) -> None:
        self.assertEqual(self._ask(self.database), HTTPStatus.OK)

    def test_not_ready_without_the_database(self) -> None:
        nowhere = create_engine("postgresql+psycopg2://mlflow@127.0.0.1:1/mlflow", connect_args={"connect_timeout": 1})
        self.assertEqual(self._ask(nowhere), HTTPStatus.SERVICE_UNAVAILABLE)
        self.assertRegex(str(readiness.problem(self.health, nowhere)), "^the database does not answer: .*Connection refused")

    def test_not_ready_without_the_server(self) -> None:
        self.mlflow.shutdown()
        self.mlflow.server_close()
        self.assertEqual(self._ask(self.database), HTTPStatus.SERVICE_UNAVAILABLE)
        self.assertRegex(str(readiness.problem(self.health, self.database)), "^the server does not answer: ")

    def test_nothing_else_is_answered(self) -> None:
        self.assertEqual(self._ask(self.database, "/health"), HTTPStatus.NOT_FOUND)

    def test_wrong_port_is_named(self) -> None:
        for value in ("http", "80", "65536", "5000"):
            with self.assertRaisesRegex(SettingError, f"^MLFLOW_READINESS_PORT is .*{value}"):
                readiness.start({"MLFLOW_READINESS_PORT": value, "MLFLOW_PORT": "5000"})


if __name__ == "__main__":
    unittest.main()
