"""Whether a server is ready: 200 at /ready when MLflow answers and its database does, 503 otherwise.

MLflow's own /health tells nothing of the database, and its API asks for sign-in. So this is a process beside the server with a port of its own
(MLFLOW_READINESS_PORT), which needs neither and which no ingress leads to.
"""

import os
import subprocess
import sys
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from .databases import BACKEND
from .errors import Failure, SettingError
from .log import say
from .settings import Environment, MutableEnvironment

_PORT = "MLFLOW_READINESS_PORT"

# A probe waits five seconds for the answer.
_SERVER_SECONDS = 2
_DATABASE_SECONDS = 2


def start(environment: MutableEnvironment) -> None:
    """Starts the process when the environment names a port. It lives as long as the container.

    Raises:
        SettingError: the port is wrong.
    """
    if environment.get(_PORT):
        _port(environment)
        subprocess.Popen([sys.executable, "-m", "mlflow_aspire.readiness"], env=environment)


def problem(health: str, database: Engine) -> str | None:
    """What keeps the server from being ready; None when it is."""
    try:
        with urlopen(health, timeout=_SERVER_SECONDS):
            pass
    except (OSError, HTTPException) as error:
        return f"the server does not answer: {error}"
    try:
        with database.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, Failure) as error:
        return f"the database does not answer: {' '.join(str(error).split())}"
    return None


class ReadinessServer(HTTPServer):
    """Answers one probe after the other."""

    def __init__(self, port: int, health: str, database: Engine) -> None:
        super().__init__(("", port), _Handler)
        self._health = health
        self._database = database
        self._last: str | None = "it has not been asked yet"

    def is_ready(self) -> bool:
        found = problem(self._health, self._database)
        # A line for each change, not for each probe.
        if (found is None) != (self._last is None):
            say(f"not ready: {found}" if found else "ready")
        self._last = found
        return found is None


class _Handler(BaseHTTPRequestHandler):
    server: ReadinessServer
    # A client that sends nothing does not keep others waiting.
    timeout = 5

    def do_GET(self) -> None:
        if self.path != "/ready":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK if self.server.is_ready() else HTTPStatus.SERVICE_UNAVAILABLE)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds."""


def _port(environment: Environment) -> int:
    value = environment[_PORT]
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise SettingError(_PORT, f"is {value!r}; accepted: a port from 1024 to 65535")
    if value == environment.get("MLFLOW_PORT"):
        raise SettingError(_PORT, f"is {value}, which is the port of the server (MLFLOW_PORT)")
    return int(value)


def _main(environment: Environment) -> None:
    # One connection, of which a new one takes its place every few minutes: so it is seen that a sign-in works still.
    database = create_engine(
        environment[BACKEND],
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=300,
        connect_args={"connect_timeout": _DATABASE_SECONDS, "tcp_user_timeout": 1000 * _DATABASE_SECONDS},
    )
    prefix = environment.get("MLFLOW_STATIC_PREFIX", "")
    health = f"http://127.0.0.1:{environment.get('MLFLOW_PORT', '5000')}{prefix}/health"
    ReadinessServer(_port(environment), health, database).serve_forever()


if __name__ == "__main__":
    _main(os.environ)
