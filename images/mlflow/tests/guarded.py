"""A server with low limits, one for all tests of requests that do not fit and have no settings of their own."""

import atexit
import socket
from typing import ClassVar
from urllib.parse import urlsplit

from requests import Response
from serving import Server, ServerTest

from mlflow_aspire.guard import bodies

MEBIBYTE = 2**20


class GuardedTest(ServerTest):
    settings = {bodies.BODY: "1", bodies.ARTIFACT: "3", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "https://other.example,https://listed.example"}
    experiment: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        shared = GuardedTest if cls.settings is GuardedTest.settings else cls
        if "server" not in shared.__dict__:
            shared.server = Server(cls.sign_in, **cls.settings)
            atexit.register(shared.server.stop)
            shared.experiment = cls.server.done("", "POST", "2.0/mlflow/experiments/create", {"name": "e"})["experiment_id"]

    def new_run(self) -> str:
        return self.server.done("", "POST", "2.0/mlflow/runs/create", {"experiment_id": self.experiment})["run"]["info"]["run_id"]

    def raw(self, request: bytes) -> bytes:
        """The answer to what no client sends."""
        address = urlsplit(self.server.address)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(request)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def bad(self, answer: Response, *words: str) -> None:
        self.assertEqual(answer.status_code, 400, answer.text)
        for word in words:
            self.assertIn(word, answer.text)
