"""The middlewares that check permissions leave the answers of the routes alone that go past Starlette's way around them."""

import ast
import inspect
import unittest
from types import SimpleNamespace

from mlflow.server import artifact_router, auth, otel_api
from mlflow_oidc_auth.middleware import fastapi_permission_middleware as plugin

PATHS = ("/v1/traces", "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/file", "/ajax-api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/file")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class PermissionMiddlewaresTest(unittest.TestCase):
    def test_basic_authentication_does_nothing_afterwards(self) -> None:
        for path in PATHS:
            for method in METHODS:
                self.assertIsNone(auth._find_fastapi_after_request_handler(path, method))
        endpoints = [route.endpoint for router in (artifact_router.artifact_router, otel_api.otel_router) for route in router.routes]
        self.assertEqual([endpoint for endpoint in endpoints if auth._find_fastapi_response_filter(SimpleNamespace(scope={"endpoint": endpoint}))], [])

    def test_the_plugin_does_nothing_afterwards(self) -> None:
        tree = ast.parse(inspect.getsource(plugin.add_fastapi_permission_middleware))
        asked = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("_is_")}
        self.assertEqual(asked, {"_is_job_search", "_is_gateway_models_list", "_is_mcp_server_path"})
        for path in PATHS:
            self.assertFalse(path.startswith(plugin._GATEWAY_PREFIX) or plugin._is_mcp_server_path(path))
            for method in METHODS:
                request = SimpleNamespace(method=method)
                self.assertFalse(plugin._is_job_search(path, request) or plugin._is_gateway_models_list(path, request))

    def test_nor_do_they_read_a_body(self) -> None:
        for module, name in ((plugin, "_get_otel_validator"), (auth, "_get_otel_validator"), (auth, "_get_fastapi_proxy_artifact_validator")):
            with self.subTest(f"{module.__name__}.{name}"):
                attributes = {node.attr for node in ast.walk(ast.parse(inspect.getsource(getattr(module, name)))) if isinstance(node, ast.Attribute)}
                self.assertFalse(attributes & {"body", "json", "form", "stream"}, attributes)


if __name__ == "__main__":
    unittest.main()
