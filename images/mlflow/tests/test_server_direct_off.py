"""Where nothing is direct, MLflow's middlewares are its own, and only the bridge to Flask stays."""

import unittest
from typing import Any

from fastapi import FastAPI
from flask import Flask
from mlflow.server.fastapi_app import _EfficientWSGIMiddleware, add_fastapi_workspace_middleware
from mlflow.server.fastapi_security import SecurityHeadersMiddleware
from mlflow_oidc_auth.middleware import AuthAwareWSGIMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from mlflow_aspire.server import direct
from mlflow_aspire.server.flask_bridge import FlaskBridge
from mlflow_aspire.server.oidc_bridge import OidcBridge
from mlflow_aspire.sign_in.passing import Passing


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app


class DirectOffTest(unittest.TestCase):
    def app(self, mount: Any = _EfficientWSGIMiddleware) -> FastAPI:
        app = FastAPI()
        app.mount("/", mount(Flask("test")))
        return app

    def workspaces(self, app: FastAPI) -> None:
        add_fastapi_workspace_middleware(app)

    def arranged(self, app: FastAPI, on: bool) -> list[Any]:
        direct.arrange(app, Guard, on)
        return [middleware.cls for middleware in app.user_middleware]

    def test_known_middlewares_are_passed(self) -> None:
        app = self.app()
        self.workspaces(app)
        self.assertEqual(self.arranged(app, True), [Guard, direct.DirectRoutes, Passing])

    def test_a_middleware_that_is_not_known(self) -> None:
        app = self.app()
        app.add_middleware(GZipMiddleware)
        self._assert_only_the_bridge_stays(app, True, "the direct way to Flask is off: MLflow has GZipMiddleware in front of it, which is not known")

    def test_a_middleware_in_front_of_all_that_are_known_is_passed_by_no_request(self) -> None:
        app = self.app()
        self.workspaces(app)
        app.add_middleware(GZipMiddleware)
        self.assertEqual(self.arranged(app, True), [Guard, GZipMiddleware, direct.DirectRoutes, Passing])

    def test_the_setting(self) -> None:
        self._assert_only_the_bridge_stays(self.app(), False, "the direct way to Flask is off (MLFLOW_SERVER_DIRECT_ROUTES)")

    def _assert_only_the_bridge_stays(self, app: FastAPI, on: bool, said: str) -> None:
        self.workspaces(app)
        app.add_middleware(SecurityHeadersMiddleware)
        checks, *theirs = app.user_middleware
        with self.assertLogs(direct.__name__, "INFO") as logged:
            direct.arrange(app, Guard, on)
        self.assertIn(said, logged.output[0])
        guard = app.user_middleware[1]
        self.assertEqual(guard.cls, Guard)
        self.assertEqual(app.user_middleware, [checks, guard, *theirs])
        self.assertTrue(theirs)
        self.assertIsInstance(app.router.routes[-1].app, FlaskBridge)

    def test_the_plugin_with_nothing_in_front(self) -> None:
        app = self.app(AuthAwareWSGIMiddleware)
        self.assertEqual(self.arranged(app, True), [Guard, direct.DirectRoutes])
        self.assertIsInstance(app.router.routes[-1].app, OidcBridge)


if __name__ == "__main__":
    unittest.main()
