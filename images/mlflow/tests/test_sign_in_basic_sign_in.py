"""FastAPI's routes find who makes a request as MLflow does, in threads, and as the user is now."""

import asyncio
import base64
import tempfile
import threading
import unittest
from typing import Any
from unittest.mock import patch

import anyio.to_thread
import asgi
import psycopg2
from cachetools import TTLCache
from fastapi import FastAPI, Request
from mlflow.server import auth
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from mlflow_aspire.databases.reader import Reader
from mlflow_aspire.sign_in import basic_passwords, basic_sign_in, basic_users

PASSWORD = "a-long-password"
TRACES = "/v1/traces"

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def basic(username: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


CREDENTIALS = (
    None, "", "Basic", "Basic no base64", "Bearer token", basic("user"), basic("admin"), basic("user", "wrong"), basic("nobody"), basic("us\u00e9r"),
    basic("user\0"), basic(""), basic("user").lower(), basic("user").replace("Basic", "BASIC"),
)  # fmt: skip


class BasicSignInTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        self.store.create_user("user", PASSWORD)
        self.store.create_user("admin", PASSWORD, is_admin=True)
        names = ("_authenticate_cached", "_authenticate_fastapi_request", "authenticate_request")
        self.enterContext(patch.multiple(auth, store=self.store, _USER_AUTH_CACHE=TTLCache(10, 60), **{name: getattr(auth, name) for name in names}))
        self.enterContext(patch.object(auth, "_authorize_create_in_experiment_as", self.may_create))
        self.enterContext(patch.object(basic_sign_in, "_hashing", anyio.CapacityLimiter(1)))
        self.checked: list[str] = []
        self.threads: set[int] = set()
        self.noted(basic_passwords, "check_password_hash")
        self.noted(Reader, "one")

    def may_create(self, username: str, *_: object) -> bool:
        """MLflow asks for the rights of those who are no administrators."""
        self.checked.append(username)
        return True

    def noted(self, holder: Any, name: str) -> None:
        original = getattr(holder, name)

        def note(*arguments: Any) -> Any:
            self.threads.add(threading.get_ident())
            return original(*arguments)

        self.enterContext(patch.object(holder, name, note))

    def app(self, ours: bool = True) -> FastAPI:
        app = FastAPI()

        @app.post(TRACES)
        @app.get("/gateway/endpoint/mlflow/invocations")
        @app.get("/health")
        async def answer(request: Request) -> dict[str, Any]:
            return {"user": getattr(request.state, "username", None)}

        flask = FastAPI()
        flask.get("/route")(answer)
        app.mount("/flask", flask)
        auth.add_fastapi_permission_middleware(app)
        if ours:
            basic_passwords.verify_once()
            basic_users.read_once(self.store, Reader(self.store.engine.url))
            basic_sign_in.apply(app)
        return app

    async def asked(self, app: FastAPI, authorization: str | None, path: str = TRACES, method: str = "POST", **more: str) -> Answer:
        headers = [(b"authorization", authorization.encode())] if authorization is not None else []
        headers.append((b"x-mlflow-experiment-id", b"0"))
        headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "state": {}, "app": app,
            "server": ("server", 80), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        return await asgi.ask(app, scope)

    def ask(self, *arguments: Any, **options: Any) -> Answer:
        return asyncio.run(self.asked(*arguments, **options))

    def test_answers_are_those_of_mlflow(self) -> None:
        theirs = self.app(ours=False)
        expected = [self.ask(theirs, authorization) for authorization in CREDENTIALS]
        auth._USER_AUTH_CACHE.clear()
        ours = self.app()
        # Passwords are known the second time.
        for _ in range(2):
            for authorization, answer in zip(CREDENTIALS, expected, strict=True):
                with self.subTest(authorization):
                    self.assertEqual(self.ask(ours, authorization), answer)
        self.assertEqual({status for status, *_ in expected}, {200, 401})
        self.assertIn((b"www-authenticate", b'Basic realm="mlflow"'), self.ask(ours, basic("user", "wrong"))[1])

    def test_the_header_of_the_gateway_counts_there(self) -> None:
        path, given = "/gateway/endpoint/mlflow/invocations", {auth.MLFLOW_GATEWAY_AUTH_HEADER.lower().replace("-", "_"): basic("admin")}
        theirs = self.ask(self.app(ours=False), "Bearer key of a provider", path, "GET", **given)
        self.assertEqual(self.ask(self.app(), "Bearer key of a provider", path, "GET", **given), theirs)
        self.assertEqual(theirs[::2], (200, b'{"user":"admin"}'))

    def test_a_job_of_the_server_is_let_in_by_its_token(self) -> None:
        app, path = self.app(), "/gateway/endpoint/mlflow/invocations"
        with patch.dict("os.environ", {auth._MLFLOW_INTERNAL_GATEWAY_AUTH_TOKEN.name: "token"}):
            self.assertEqual(self.ask(app, basic("admin", "token"), path, "GET")[::2], (200, b'{"user":"admin"}'))
            self.assertEqual(self.ask(app, basic("admin", "token"))[0], 401)

    def test_the_loop_of_all_requests_does_nothing_of_it(self) -> None:
        app = self.app()
        for authorization, status in ((basic("user"), 200), (basic("user", "wrong"), 401), (basic("nobody"), 401), (basic("user"), 200)):
            self.threads.clear()
            self.assertEqual(self.ask(app, authorization)[0], status)
            self.assertTrue(self.threads)
            self.assertNotIn(threading.get_ident(), self.threads)

    def test_wrong_passwords_keep_neither_requests_waiting_nor_known_passwords(self) -> None:
        app, hashed = self.app(), threading.Event()
        self.addCleanup(hashed.set)
        self.ask(app, basic("user"))

        async def many() -> None:
            anyio.to_thread.current_default_thread_limiter().total_tokens = 2
            wrong = [asyncio.create_task(self.asked(app, basic("user", f"wrong {number}"))) for number in range(5)]
            while basic_sign_in._hashing.statistics().tasks_waiting != 4:
                await asyncio.sleep(0.01)
            self.assertEqual(await anyio.to_thread.run_sync(lambda: "free"), "free")
            self.assertEqual((await self.asked(app, basic("user")))[0], 200)
            self.assertFalse(any(task.done() for task in wrong))
            hashed.set()
            self.assertEqual([status for status, *_ in await asyncio.gather(*wrong)], [401] * 5)

        with patch.object(basic_passwords, "check_password_hash", lambda *_: hashed.wait(30) and False):
            asyncio.run(asyncio.wait_for(many(), 20))

    def test_what_changes_elsewhere_counts_from_the_next_request_on(self) -> None:
        """Only the store changes here, as another worker or replica changes it."""
        app = self.app()
        self.assertEqual((self.ask(app, basic("admin"))[0], self.checked), (200, []))
        self.store.update_user("admin", is_admin=False)
        self.assertEqual((self.ask(app, basic("admin"))[0], self.checked), (200, ["admin"]))
        self.store.update_user("admin", password="another-password")
        self.assertEqual([self.ask(app, basic("admin", password))[0] for password in (PASSWORD, "another-password")], [401, 200])
        self.store.delete_user("admin")
        self.assertEqual(self.ask(app, basic("admin", "another-password"))[0], 401)

    def test_a_database_that_is_away_is_worth_another_try(self) -> None:
        app = self.app()
        with patch.object(Engine, "connect", side_effect=OperationalError("", {}, psycopg2.OperationalError("Connection refused"))):
            status, _, body = self.ask(app, basic("user"))
        self.assertEqual(status, 503)
        self.assertIn(b"TEMPORARILY_UNAVAILABLE", body)
        self.assertEqual(self.ask(app, basic("user"))[0], 200)

    def test_routes_that_mlflow_does_not_ask_for_are_left_alone(self) -> None:
        app = self.app()
        for path in ("/health", "/flask/route"):
            self.assertEqual(self.ask(app, basic("user"), path, "GET")[::2], (200, b'{"user":null}'))
        self.assertEqual(self.threads, set())


if __name__ == "__main__":
    unittest.main()
