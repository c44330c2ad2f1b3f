"""A bearer token is looked at in a thread, which for Flask's own paths is the one that Flask answers in."""

import asyncio
import threading
import unittest
from typing import Any
from unittest.mock import patch

import asgi
from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY, AuthContext
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mlflow_aspire.server.oidc_bridge import OidcBridge
from mlflow_aspire.sign_in import oidc_sign_in
from mlflow_aspire.sign_in.oidc_sign_in import SignIn

USER = AuthContext("user", False)
BEARER = "Bearer the.to.ken"


class OidcSignInTest(unittest.TestCase):
    def setUp(self) -> None:
        self.threads: dict[str, int] = {}
        self.answer: Response | None = None
        self.groups: Response | None = None
        self.seen: dict[str, Any] = {}
        self.enterContext(patch.object(oidc_sign_in, "_plugin", self))
        self.enterContext(patch.object(oidc_sign_in.bearer_groups, "refusal", lambda scope: self.groups))

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        """In the place of the plugin."""
        self.threads["plugin"] = threading.get_ident()
        if self.answer is not None:
            return self.answer
        request.scope[AUTH_CONTEXT_KEY] = USER
        return await call_next(request)

    def flask(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.threads["flask"] = threading.get_ident()
        self.seen = environ
        start_response("200 OK", [("content-type", "text/plain")])
        return [b"flask"]

    async def native(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen = dict(scope)
        await PlainTextResponse("native")(scope, receive, send)

    def ask(self, app: ASGIApp, authorization: str | None = BEARER, **more: Any) -> tuple[int, dict[bytes, bytes], bytes]:
        headers = [(b"host", b"server")] + ([(b"authorization", authorization.encode())] if authorization else [])
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/api/2.0/mlflow/runs/get", "query_string": b"", "root_path": "",
            "server": ("server", 80), "headers": headers, "state": {}, **more,
        }  # fmt: skip
        self.threads.clear()
        self.seen = {}
        status, answered, body = asyncio.run(asgi.ask(app, scope))
        return status, dict(answered), body

    def test_the_plugin_decides_in_the_thread_of_flask(self) -> None:
        self.assertEqual(self.ask(OidcBridge(self.flask))[::2], (200, b"flask"))
        self.assertEqual(self.threads["plugin"], self.threads["flask"])
        self.assertNotEqual(self.threads["plugin"], threading.get_ident())
        self.assertEqual(self.seen[AUTH_CONTEXT_KEY], USER)

    def test_elsewhere_it_decides_in_a_thread_of_its_own(self) -> None:
        self.assertEqual(self.ask(SignIn(self.native))[::2], (200, b"native"))
        self.assertNotEqual(self.threads["plugin"], threading.get_ident())
        self.assertEqual(self.seen[AUTH_CONTEXT_KEY], USER)

    def test_who_is_refused_goes_no_further(self) -> None:
        for by in ("answer", "groups"):
            for app in (OidcBridge(self.flask), SignIn(self.native)):
                with self.subTest(by, app=type(app).__name__), patch.object(self, by, PlainTextResponse("refused", 401, {"X-Reason": "a\u00e4"})):
                    status, headers, body = self.ask(app)
                    self.assertEqual((status, body, headers[b"x-reason"], headers[b"content-length"]), (401, b"refused", "a\u00e4".encode("latin-1"), b"7"))
                    self.assertEqual(self.seen, {})

    def test_who_has_signed_in_before_does_not_again(self) -> None:
        other = AuthContext("other", True)
        self.ask(OidcBridge(self.flask), **{AUTH_CONTEXT_KEY: other})
        self.assertEqual((self.seen[AUTH_CONTEXT_KEY], "plugin" in self.threads), (other, False))

    def test_nobody_becomes_somebody_by_other_means(self) -> None:
        for authorization in (None, "Basic dXNlcjpwYXNzd29yZA==", "bearer the.to.ken", "Bearer"):
            with self.subTest(authorization):
                self.ask(OidcBridge(self.flask), authorization)
                self.assertEqual((self.seen.get(AUTH_CONTEXT_KEY), "plugin" in self.threads), (None, False))

    def test_a_plugin_that_waits_lets_nobody_in(self) -> None:
        async def dispatch(request: Request, call_next: Any) -> Response:
            await asyncio.sleep(0)
            return await call_next(request)

        for app in (OidcBridge(self.flask), SignIn(self.native)):
            with patch.object(self, "dispatch", dispatch), self.assertRaisesRegex(RuntimeError, "waits"):
                self.ask(app)
            self.assertEqual(self.seen, {})


if __name__ == "__main__":
    unittest.main()
