import os
import tempfile
import unittest
from pathlib import Path

import programs
from serving import tables

# The addresses that the plugin makes of a request: to log out at, and after a login that failed.
SCRIPT = """
import asyncio
from mlflow_aspire.sign_in.oidc_app import app

async def location(path, **headers):
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "client": ("10.0.0.4", 1234), "server": ("10.0.0.5", 5000), "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}
    messages = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        messages.append(message)
    await app(scope, receive, send)
    return messages[0]["status"], dict(messages[0]["headers"]).get(b"location", b"").decode()

for headers in ({}, {"x_forwarded_proto": "gopher", "x_forwarded_host": "evil.example", "x_forwarded_prefix": "/evil"}):
    print(*asyncio.run(location("/callback", host="ml.example", **headers)))
print(*asyncio.run(location("/callback", host="evil.example")))
spans = {"type": "http", "method": "POST", "path": "/v1/traces", "root_path": "", "headers": []}
print("routes", *(str(number) if number < 10 else type(route).__name__ for number, route in enumerate(app.router.routes) if route.matches(dict(spans))[0].value == 2))
print("middleware", *(middleware.kwargs.get("middleware", middleware.cls).__name__ for middleware in app.user_middleware))
from mlflow_aspire.server import direct
direct.arrange(app, None, True)
print("arranged", *(middleware.cls.__name__ for middleware in app.user_middleware))
"""


def answers(**settings: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "runs.db").write_bytes(tables())
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/runs.db",
            "OIDC_USERS_DB_URI": f"sqlite:///{folder}/users.db",
            "OIDC_DISCOVERY_URL": "https://login.example/.well-known/openid-configuration",
            "OIDC_CLIENT_ID": "mlflow",
            "OIDC_CLIENT_SECRET": "client-secret",
            "SECRET_KEY": "session-secret",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "ml.example",
            **settings,
        }
        result = programs.run(SCRIPT, environment, folder)
    if result.returncode:
        raise AssertionError(result.stderr)
    return [line.split("?")[0] for line in result.stdout.splitlines() if line[:3].isdigit() or line.startswith(("routes", "middleware", "arranged"))]


class OidcAppTest(unittest.TestCase):
    def test_behind_an_ingress_with_tls_all_addresses_begin_with_https(self) -> None:
        *addresses, _, middleware, arranged = answers(OIDC_REDIRECT_URI="https://ml.example/callback")
        self.assertEqual(addresses, ["302 https://ml.example/oidc/ui/auth"] * 2 + ["403 "])
        # What a token is worth is known before anything is decided by it, and a stranger's Host before everything.
        self.assertRegex(middleware, r"^middleware HostValidationMiddleware .* SignIn BaseHTTPMiddleware$")
        # Bearer tokens go to Flask directly, which signs them in, all others after the plugin has.
        self.assertRegex(arranged, r" DirectRoutes SignIn DirectRoutes Passing$")

    def test_elsewhere_they_are_those_of_the_request(self) -> None:
        *addresses, routes, _, _ = answers()
        self.assertEqual(addresses, ["302 http://ml.example/oidc/ui/auth"] * 2 + ["403 "])
        # Spans have one route, which comes early, and else the mount of all that is Flask's.
        self.assertRegex(routes, r"^routes \d Mount$")
