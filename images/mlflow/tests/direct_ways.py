"""Asks MLflow's app the same things with and without the direct way, and prints where the answers differ.

Both have MLflow's checks in front, one Flask app and one database. What changes something is asked of each with a name of its own, which is left out of the comparison.
"""

import asyncio
import base64
import copy
import json
import os
import re
import sys
import time
from pathlib import Path

import mlflow.server
import uvicorn  # noqa: F401  MLflow adds its checks of requests where it finds a server.
from starlette.middleware import Middleware
from starlette.routing import Mount
from uvicorn.importer import import_from_string

from mlflow_aspire.server import direct

PREFIX = os.environ.get("_MLFLOW_STATIC_PREFIX", "")
API = f"{PREFIX}/api/2.0/mlflow"
AJAX = f"{PREFIX}/ajax-api/2.0/mlflow"
API_3 = f"{PREFIX}/api/3.0/mlflow"

# Of MLflow's user interface: it is streamed.
_UI = Path(mlflow.server.__file__).with_name("js") / "build"
LARGE_FILE = str(max(_UI.rglob("*.js"), key=lambda file: file.stat().st_size).relative_to(_UI))

_LARGE = 1_000_000

ADMIN = "Basic " + base64.b64encode(b"admin:a-long-password").decode()
OTHER = "Basic " + base64.b64encode(b"other:another-password").decode()
BEARERS: list[str] = []


def plain_copy(app):
    """The app with MLflow's own ways to Flask."""
    other = copy.copy(app)
    other.user_middleware = sorted(map(_original, app.user_middleware), key=lambda middleware: middleware.cls not in direct.CHECKS)
    other.router = copy.copy(app.router)
    other.router.routes = [copy.copy(route) if isinstance(route, Mount) else route for route in app.router.routes]
    return other


def _original(middleware: Middleware) -> Middleware:
    """The plugin's own in place of what stands for it."""
    if middleware.cls.__name__ == "SignIn":
        from mlflow_oidc_auth.middleware import AuthMiddleware

        return Middleware(AuthMiddleware)
    original = middleware.kwargs.get("middleware", middleware.cls)
    return middleware if original is middleware.cls else Middleware(original)


def call(app, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None):
    path, _, query = path.partition("?")
    sent = {"host": "server", "content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "client": ("10.0.0.4", 1234), "server": ("10.0.0.5", 5000), "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip
    chunks = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
    answer: list[dict] = []

    async def run() -> None:
        gone = asyncio.Event()

        async def receive():
            if chunks:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            answer.append(message)

        await app(scope, receive, send)
        gone.set()

    asyncio.run(run())
    start, *rest = answer
    received = sorted((name.decode(), value.decode()) for name, value in start["headers"])
    return start["status"], received, b"".join(message.get("body", b"") for message in rest)


def requests(name: str):
    """Method, path, body and further headers."""
    def text(value) -> bytes:
        return json.dumps(value).encode()

    yield "GET", f"{PREFIX}/health"
    yield "GET", f"{PREFIX}/version"
    yield "GET", f"{PREFIX}/"
    yield "HEAD", f"{PREFIX}/health"
    yield "GET", f"{PREFIX}/nothing"
    yield "GET", f"{PREFIX}/static-files/nothing.js"
    yield "GET", f"{PREFIX}/static-files/{LARGE_FILE}"
    yield "GET", f"{PREFIX}/static-files/{LARGE_FILE}", b"", {"range": "bytes=1000-400000"}
    yield "POST", f"{API}/experiments/create", text({"name": name, "tags": [{"key": "large", "value": "x" * 4_000}]})
    yield "POST", f"{API}/experiments/create", text({"name": name})
    yield "GET", f"{API}/experiments/get-by-name?experiment_name={name}"
    yield "GET", f"{API}/experiments/get?experiment_id=0"
    yield "GET", f"{API}/experiments/get?experiment_id=987654"
    yield "GET", f"{API}/experiments/search?max_results=1&filter=name%3D'{name}'"
    yield "POST", f"{API}/experiments/search", text({"max_results": 3, "order_by": ["name DESC"], "filter": f"name = '{name}'"})
    yield "POST", f"{API}/experiments/search", text({"max_results": 3, "order_by": ["name SIDEWAYS"]})
    yield "POST", f"{AJAX}/experiments/search", text({"max_results": 3, "filter": "name = 'nobody'"}), {"origin": "http://localhost:3000"}
    yield "POST", f"{AJAX}/experiments/search", text({"max_results": 3}), {"origin": "https://evil.example"}
    yield "POST", f"{API}/experiments/search", text({"max_results": 3}), {"host": "evil.example"}
    yield "OPTIONS", f"{API}/experiments/search", b"", {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    yield "OPTIONS", f"{API}/experiments/search"
    yield "PUT", f"{API}/experiments/search"
    yield "POST", f"{API}/experiments/search", b"{not json"
    yield "POST", f"{API}/experiments/search", b"[]"
    yield "POST", f"{API}/experiments/search", b"max_results=3", {"content-type": "application/x-www-form-urlencoded"}
    yield "POST", f"{API}/runs/search", text({"experiment_ids": ["0"], "max_results": 5})
    yield "POST", f"{API}/runs/search", text({"experiment_ids": ["0"], "filter": "x" * 2_000_000})
    yield "GET", f"{API}/runs/get?run_id=nobody"
    yield "GET", f"{API}/runs/get"
    yield "POST", f"{API}/runs/log-batch", text({"run_id": "nobody", "metrics": []})
    yield "POST", f"{API}/registered-models/create", text({"name": name})
    yield "GET", f"{API}/registered-models/get?name={name}"
    yield "GET", f"{API}/registered-models/search?max_results=3&filter=name%3D'{name}'"
    yield "DELETE", f"{API}/registered-models/delete", text({"name": name})
    yield "GET", f"{API}/artifacts/list?run_id=nobody"
    yield "GET", f"{PREFIX}/get-artifact?run_id=nobody&path=file"
    yield "GET", f"{AJAX}/metrics/get-history-bulk?run_id=nobody&metric_key=m"
    yield "POST", f"{PREFIX}/graphql", text({"query": "{ __typename }", "operationName": None})
    yield "GET", f"{API_3}/server-info"
    yield "GET", f"{API_3}/logged-models/nobody"
    yield "POST", f"{API_3}/traces/search", text({"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]})
    yield "POST", f"{PREFIX}/v1/traces", b"{}", {"x-mlflow-experiment-id": "0"}
    yield "GET", f"{PREFIX}/gateway/nobody/mlflow/invocations"
    yield "GET", f"{PREFIX}/ajax-api/3.0/jobs/nobody"
    yield "GET", "/api/2.0/mlflow-artifacts/artifacts/nothing.txt"
    yield "GET", f"{API}/users/get?username=other"
    yield "GET", f"{API}/users/current"


def variants():
    """How a request can be sent beside: who sends it, and to which workspace."""
    yield {}
    yield {"x-mlflow-workspace": "default"}
    yield {"x-mlflow-workspace": "nowhere"}
    if "MLFLOW_APP_NAME" in os.environ:
        yield {"authorization": ADMIN}
        yield {"authorization": ADMIN, "x-mlflow-workspace": "nowhere"}
        yield {"authorization": OTHER}
        yield {"authorization": "Basic bm9ib2R5Og=="}
        yield {"authorization": "Bearer nothing"}
    yield from ({"authorization": f"Bearer {token}"} for token in BEARERS)


def without_numbers(value):
    """Leaves out what the database numbers, and what the clock says."""
    if isinstance(value, dict):
        return {name: without_numbers(part) for name, part in value.items() if not re.search(r"experiment_id|_time|timestamp|artifact_location", name)}
    return [without_numbers(part) for part in value] if isinstance(value, list) else value


def comparable(answer, name: str):
    status, headers, body = answer
    text = body.decode("latin-1")
    # The large file holds neither names nor times, and looking for them takes as long as all else.
    if len(body) < _LARGE:
        text = re.sub(r"\b\d{10,}\b", "0", text.replace(name, "NAME"))
    if text.startswith(("{", "[")):
        text = json.dumps(without_numbers(json.loads(text)), sort_keys=True)
    # A list without an order, in which Flask may repeat what FastAPI has said.
    headers = [(header, ", ".join(sorted(set(value.split(", ")))) if header == "vary" else value) for header, value in headers]
    kept = [(header, value) for header, value in headers if header not in ("content-length", "date", "expires", "last-modified", "etag", "set-cookie", "x-mlflow-gateway-duration-ms")]
    return status, kept, text


def sign_in_app(app_name: str | None):
    if app_name == "basic-auth":
        from mlflow.server.auth import create_app, store

        app = create_app()
        store.create_user("other", "another-password")
        return app
    if app_name == "oidc-auth":
        app = import_from_string("mlflow_aspire.sign_in.oidc_app:app")
        from mlflow_oidc_auth.store import store

        global ADMIN, OTHER
        tokens = {}
        for name in ("admin", "other"):
            store.create_user(name, name, is_admin=name == "admin")
            from datetime import UTC, datetime, timedelta

            tokens[name] = store.create_user_token(name, "test", datetime.now(UTC) + timedelta(hours=1), created_by=None)[1]
        ADMIN, OTHER = ("Basic " + base64.b64encode(f"{name}:{tokens[name]}".encode()).decode() for name in ("admin", "other"))
        BEARERS.extend(bearer_tokens())
        return app
    return import_from_string("mlflow.server.fastapi_app:app")


def bearer_tokens() -> list[str]:
    """Of a provider whose keys the plugin has asked for already: an administrator's, a user's, one that has expired, and one of somebody who is no user."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey
    from mlflow_oidc_auth import auth
    from mlflow_oidc_auth.config import config

    provider = config.AUTH_PROVIDERS.providers[0]
    key = RSAKey.generate_key(2048, {"kid": "one"})
    auth._provider_jwks_cache[provider.id, provider.discovery_url] = {"keys": [key.as_dict(private=False)]}
    claims = {"iss": provider.issuer, "aud": provider.audience, "groups": ["mlflow"]}
    claims = {name: value for name, value in claims.items() if value}
    return [
        jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, "email": name, "exp": int(time.time()) + seconds}, key)
        for name, seconds in (("admin", 3600), ("other", 3600), ("other", -60), ("nobody", 3600))
    ]


def main() -> None:
    app = sign_in_app(os.environ.get("MLFLOW_APP_NAME"))
    plain = plain_copy(app)
    direct.arrange(app, None, True)
    ways = [middleware for middleware in app.user_middleware if middleware.cls is direct.DirectRoutes]
    print("direct paths", sum(ways[0].kwargs["is_direct"](rule.rule) for rule in mlflow.server.app.url_map.iter_rules()) if ways else 0)
    compared = 0
    for number, variant in enumerate(variants()):
        names = f"plain-{number}", f"ours-{number}"
        for old, new in zip(*(requests(name) for name in names), strict=True):
            answers = []
            for target, (method, path, *rest), name in ((plain, old, names[0]), (app, new, names[1])):
                body = rest[0] if rest else b""
                headers = {**variant, **(rest[1] if len(rest) > 1 else {})}
                answers.append(comparable(call(target, method, path, body, headers), name))
            compared += 1
            if answers[0] != answers[1]:
                print("DIFFERENT", variant, old[:2], *(str(answer)[:2_000] for answer in answers), sep="\n  ")
    print("compared", compared)


if __name__ == "__main__":
    with open(os.devnull, "w") as nowhere:
        sys.stderr = nowhere if "QUIET" in os.environ else sys.stderr
        main()
