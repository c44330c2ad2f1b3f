"""A server of one kind of sign-in with two users, for tests: `owner`, and `stranger`, who has no rights on what the owner makes."""

import functools
import os
import socket
import tempfile
import time
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import programs
import requests
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

_LIMIT_SECONDS = 120

# The program of the server. The apps are those of the command line of MLflow.
_PROGRAM = """
import gc, os, sys
from importlib import import_module
# As `mlflow-aspire` does: what an import makes stays.
gc.set_threshold(200_000)
from mlflow_aspire import guard
from mlflow_aspire.settings import export
guarded = guard.read(os.environ, serves_artifacts=True)
export(os.environ, [guarded])
if "PREPARATION" in os.environ:
    import_module(os.environ["PREPARATION"])
port, sign_in = int(sys.argv[1]), sys.argv[2]
if sign_in == "basic":
    from mlflow.server.auth import create_app, store
    app = create_app()
    for user in ("owner", "stranger"):
        if not store.has_user(user):
            store.create_user(user, "password of a test")
elif sign_in == "oidc":
    from datetime import UTC, datetime, timedelta
    from mlflow_aspire.sign_in.oidc_app import app
    from mlflow_oidc_auth.store import store
    for user in ("owner", "stranger"):
        store.create_user(user, user)
        _, token = store.create_user_token(user, "test", datetime.now(UTC) + timedelta(hours=1), created_by=None)
        print("token", user, token, flush=True)
else:
    from mlflow.server.fastapi_app import app
from mlflow_aspire.server import settings
from mlflow_aspire.server.app import complete
from mlflow_aspire.server.prometheus import Prometheus
from mlflow_aspire.server.telemetry import Telemetry
app = complete(app, settings.read(os.environ).direct_routes, guarded, Prometheus(False), Telemetry())
import uvicorn
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
"""


@functools.cache
def tables() -> bytes:
    """A database with MLflow's tables, which are made once for all servers."""
    with tempfile.TemporaryDirectory() as folder:
        SqlAlchemyStore(f"sqlite:///{folder}/runs.db", "mlflow-artifacts:/").engine.dispose()
        return Path(folder, "runs.db").read_bytes()


class Server:
    """Runs from its creation to `stop`."""

    def __init__(self, sign_in: str, **settings: str) -> None:
        self.sign_in = sign_in
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.artifacts = self.folder / "artifacts"
        self.artifacts.mkdir()
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        (self.folder / "runs.db").write_bytes(tables())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        log = self.folder / "log"
        self._process = programs.start(_PROGRAM, [str(port), sign_in], self._environment(settings), self.folder, log, log)
        self._wait(settings.get("MLFLOW_STATIC_PREFIX", ""))
        self._tokens = {line.split()[1]: line.split()[2] for line in self.log().splitlines() if line.startswith("token ")}

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        database = f"sqlite:///{self.folder}/runs.db"
        (self.folder / "auth.ini").write_text(
            f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{self.folder}/users.db\nadmin_username = admin\nauth_cache_ttl_seconds = 60\n"
        )
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_BACKEND_STORE_URI": database,
            "_MLFLOW_SERVER_FILE_STORE": database,
            "_MLFLOW_SERVER_REGISTRY_STORE": database,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(self.artifacts),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "_MLFLOW_SGI_NAME": "uvicorn",
            "MLFLOW_CRYPTO_KEK_PASSPHRASE": "passphrase of a test",
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask",
            "MLFLOW_APP_NAME": {"basic": "basic-auth", "oidc": "oidc-auth"}.get(self.sign_in, ""),
            "MLFLOW_AUTH_CONFIG_PATH": str(self.folder / "auth.ini"),
            "MLFLOW_AUTH_ADMIN_PASSWORD": "password of a test",
            "OIDC_USERS_DB_URI": f"sqlite:///{self.folder}/users.db",
            "OIDC_DISCOVERY_URL": "https://login.example/.well-known/openid-configuration",
            "OIDC_CLIENT_ID": "mlflow",
            "OIDC_CLIENT_SECRET": "client-secret",
            "SECRET_KEY": "session-secret",
            "DEFAULT_MLFLOW_PERMISSION": "NO_PERMISSIONS",
            **settings,
        }

    def _wait(self, prefix: str) -> None:
        end = time.monotonic() + _LIMIT_SECONDS
        while time.monotonic() < end and self._process.exitcode is None:
            try:
                if requests.get(f"{self.address}{prefix}/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise AssertionError(f"the server does not start: {self.log()}")

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def call(self, user: str, method: str, path: str, json: object = None, **options: Any) -> requests.Response:
        """An answer of any status. `path` is below the API's version, such as `2.0/mlflow/runs/create`, or starts with a slash."""
        auth = (user, self._tokens.get(user, "password of a test")) if self.sign_in != "none" else None
        address = self.address + (path if path.startswith("/") else f"/api/{path}")
        return requests.request(method, address, auth=auth, json=json, timeout=60, allow_redirects=False, **options)

    def done(self, user: str, method: str, path: str, json: object = None, **options: Any) -> Any:
        """The content of an answer, which is a success."""
        answer = self.call(user, method, path, json, **options)
        if answer.status_code != 200:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}\n{self.log()[-3000:]}")
        return answer.json() if answer.headers.get("content-type") == "application/json" else answer.content

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(_LIMIT_SECONDS)
        self._folder.cleanup()


class ServerTest(unittest.TestCase):
    """Tests on one server."""

    sign_in: ClassVar[str] = "none"
    settings: ClassVar[Mapping[str, str]] = {}
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(cls.sign_in, **cls.settings)
        cls.addClassCleanup(cls.server.stop)
