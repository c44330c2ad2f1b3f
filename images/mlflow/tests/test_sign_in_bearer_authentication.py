"""The plugin decides as it does by itself, and its database is asked once."""

import ast
import asyncio
import inspect
import tempfile
import textwrap
import unittest
from collections.abc import Callable
from typing import ClassVar
from unittest.mock import patch

import psycopg2
from mlflow_oidc_auth.config import config
from mlflow_oidc_auth.middleware import AuthMiddleware, ProxyHeadersMiddleware, WorkspaceContextMiddleware, auth_middleware
from mlflow_oidc_auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response

from mlflow_aspire.databases.reader import Reader
from mlflow_aspire.sign_in import bearer_authentication, oidc_sign_in
from mlflow_aspire.sign_in.bearer_authentication import BearerAuthentication

USERS = {
    "person": {},
    "administrator": {"is_admin": True},
    "inactive": {},
    "machine": {"is_service_account": True, "service_account_source": "internal"},
    "provided": {"is_service_account": True, "service_account_source": "default"},
}


class BearerAuthenticationTest(unittest.TestCase):
    path = "/api/2.0/mlflow/runs/get"
    headers: ClassVar[list[tuple[bytes, bytes]]] = []

    def setUp(self) -> None:
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        for name, options in USERS.items():
            self.store.create_user(name, name, **options)
        self.store.update_user("inactive", active=False)
        self.validated: list[str] = []
        for module in (bearer_authentication, auth_middleware):
            self.enterContext(patch.object(module, "store", self.store))
            self.enterContext(patch.object(module, "validate_token", self.validate))
        self.enterContext(patch.multiple(config, OIDC_USERNAME_FIELD=["email"], OIDC_PROVISION_ON_BEARER_AUTH=True))
        self.statements: list[str] = []
        event.listen(Engine, "before_cursor_execute", self.note)
        self.addCleanup(event.remove, Engine, "before_cursor_execute", self.note)

    def note(self, connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            self.statements.append(statement)

    def validate(self, token: str) -> dict:
        self.validated.append(token)
        if token == "forged":
            raise ValueError("Invalid signature")
        return {} if token == "nameless" else {"email": token, "sub": token}

    def ask(self, middleware: type[AuthMiddleware], token: str) -> tuple[int, dict]:
        """The status of the answer, and what the app behind has been told of the user."""
        headers = [(b"authorization", f"Bearer {token}".encode()), *self.headers]
        scope = {"type": "http", "method": "GET", "path": self.path, "query_string": b"", "headers": headers, "state": {}, "server": ("server", 80)}

        async def behind(request: Request) -> Response:
            return Response("behind")

        dispatched = middleware(lambda *_: None).dispatch(Request(scope), behind)
        # As in a thread: there is no loop to wait for anything in.
        answer = oidc_sign_in._finished(dispatched) if middleware is BearerAuthentication else asyncio.run(dispatched)
        return answer.status_code, {name: value for name, value in scope.items() if name not in ("headers", "path")}

    def ours(self, token: str) -> tuple[int, dict]:
        with patch.multiple(auth_middleware, store=auth_middleware.store, validate_token=auth_middleware.validate_token):
            bearer_authentication.install()
            return self.ask(BearerAuthentication, token)

    def test_each_user_is_let_in_or_refused_as_by_the_plugin(self) -> None:
        statuses = {}
        for token in [*USERS, "Person", "nobody", "nameless", "forged"]:
            with self.subTest(token):
                theirs = self.ask(AuthMiddleware, token)
                self.assertEqual(self.ours(token), theirs)
                statuses[token] = theirs[0]
        self.assertEqual(statuses["person"], 200)
        refused = {name for name, status in statuses.items() if status == 401}
        self.assertEqual(refused, {"inactive", "machine", "nobody", "nameless", "forged"})

    def test_the_token_is_verified_once_and_the_user_is_read_once(self) -> None:
        self.ask(AuthMiddleware, "person")
        self.assertEqual(len(self.statements), 3, f"the plugin asks otherwise than what this is made for: {self.statements}")
        self.statements.clear()
        self.validated.clear()
        with patch.object(Reader, "one", autospec=True, side_effect=Reader.one) as read:
            self.ours("person")
        self.assertEqual((self.validated, self.statements, read.call_count), (["person"], [], 1))

    def test_the_reader_is_there_before_the_first_call(self) -> None:
        with patch.object(Reader, "__init__", autospec=True, side_effect=Reader.__init__) as made:
            with patch.multiple(auth_middleware, store=auth_middleware.store, validate_token=auth_middleware.validate_token):
                bearer_authentication.install()
                self.assertEqual(made.call_count, 1)
                for token in ("person", "administrator"):
                    self.assertEqual(self.ask(BearerAuthentication, token)[0], 200)
        self.assertEqual(made.call_count, 1)

    def test_a_browser_with_a_wrong_token_is_sent_to_the_login(self) -> None:
        with patch.object(self, "headers", [(b"sec-fetch-dest", b"document")]), patch.object(self, "path", "/page"):
            theirs = self.ask(AuthMiddleware, "forged")
            self.assertEqual(self.ours("forged"), theirs)
        self.assertEqual(theirs[0], 302)

    def test_what_fails_is_not_tried_again_in_the_loop_of_all_requests(self) -> None:
        self.assertEqual(self.ours("forged")[0], 401)
        self.assertEqual(self.validated, ["forged"])
        with patch.object(bearer_authentication, "_read", side_effect=OperationalError("", {}, Exception("no answer"))):
            self.statements.clear()
            self.assertEqual(self.ours("person")[0], 401)
        self.assertEqual(self.statements, [])
        with patch.object(self.store.user_repo, "exist", side_effect=OSError), patch.object(self.store.user_repo, "get_profile", side_effect=OSError):
            self.assertEqual(self.ask(AuthMiddleware, "person")[0], 401)

    def test_a_database_that_is_away_is_worth_another_try(self) -> None:
        away = OperationalError("", {}, psycopg2.OperationalError("Connection refused"))
        with patch.object(Engine, "connect", side_effect=away):
            status, told = self.ours("person")
        self.assertEqual((status, told["state"]), (503, {}))
        self.assertEqual(self.ours("person")[0], 200)

    def test_a_change_counts_from_the_next_request_on(self) -> None:
        self.assertEqual(self.ours("person")[0], 200)
        self.store.update_user("person", is_admin=True)
        self.assertTrue(self.ours("person")[1]["state"]["is_admin"])
        self.store.delete_user("person")
        self.assertEqual(self.ours("person")[0], 401)

    def test_the_groups_are_those_of_the_verified_token(self) -> None:
        self.assertEqual(bearer_authentication.claims_of("other"), {"email": "other", "sub": "other"})
        self.assertEqual(self.validated, ["other"])

    def test_the_plugin_is_still_what_this_changes(self) -> None:
        tree = ast.parse(inspect.getsource(auth_middleware))
        asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "store"}
        self.assertLessEqual({"has_user", "get_user_profile"}, asked)
        # What is read of a user must be all that is looked at.
        for function in (AuthMiddleware._get_user_auth_facts, auth_middleware._unbound_person, auth_middleware._is_service_account):
            with self.subTest(function.__name__):
                self.assertLessEqual(_looked_at(function), {column.name for column in bearer_authentication._FACTS.selected_columns})

    def test_the_middlewares_answer_nothing_that_comes_from_behind_them(self) -> None:
        """Passing relies on it: what `call_next` gives is returned as it is."""
        for middleware in (AuthMiddleware, ProxyHeadersMiddleware, WorkspaceContextMiddleware):
            tree = ast.parse(textwrap.dedent(inspect.getsource(middleware.dispatch)))
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Await) and ast.unparse(node.value) == "call_next(request)"]
            returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
            assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.value in calls]
            names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "response"]
            with self.subTest(middleware.__name__):
                self.assertTrue(calls)
                self.assertEqual([call for call in calls if call not in returned], [node.value for node in assigned])
                # `response = await call_next(request)` and `return response`.
                self.assertEqual(len(names), 2 * len(assigned))


def _looked_at(function: Callable) -> set[str]:
    """The attributes of a user that it reads."""
    users = ("user", "profile", "store.get_user_profile(username)")
    found = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in users:
            found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and ast.unparse(node.args[0]) in users:
            found.add(node.args[1].value)
    assert found, function
    return found


if __name__ == "__main__":
    unittest.main()
