"""Prints the routes of the server that runs in this container, one "METHOD path" a line.

Takes the environment of a worker, makes the worker's app from it once more and reads the routes of the app, and of the Flask app inside.
"""

import contextlib
import os
import re
import sys
from importlib import import_module
from pathlib import Path


def worker_environment() -> dict[str, str]:
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            pairs = (entry.partition("=") for entry in file.read_bytes().decode().split("\0") if entry)
            environment = {name: value for name, _, value in pairs}
            if environment.get("_MLFLOW_SGI_NAME") == "uvicorn":
                return environment
    sys.exit("no worker of the server is running")


def fastapi_routes(routes) -> set[str]:
    found = set()
    for route in routes:
        if hasattr(route, "methods"):
            found |= {f"{method} {route.path}" for method in route.methods or ()}
        elif original := getattr(route, "original_router", None):
            prefix = getattr(getattr(route, "include_context", None), "prefix", "")
            found |= {re.sub(r"^(\S+) ", rf"\1 {prefix}", entry) for entry in fastapi_routes(original.routes)}
    return found


os.environ.update(worker_environment())

with contextlib.redirect_stdout(sys.stderr):
    from mlflow.server import app as flask_app

    match os.environ["MLFLOW_APP_NAME"]:
        case "basic-auth":
            app = import_module("mlflow.server.auth").create_app(flask_app)
        case "oidc-auth":
            app = import_module("mlflow_oidc_auth.app").app

routes = fastapi_routes(app.routes)
routes |= {f"{method} {rule.rule}" for rule in flask_app.url_map.iter_rules() for method in rule.methods}
print("\n".join(sorted(routes)))
