"""Prints the routes of the server that runs in this container, one "METHOD path" a line.

Makes the server's app once more, from the environment of the container, and reads the routes of the app, and of the Flask app inside.
"""

import contextlib
import os
import re
import sys
from importlib import import_module


def fastapi_routes(routes) -> set[str]:
    found = set()
    for route in routes:
        if hasattr(route, "methods"):
            found |= {f"{method} {route.path}" for method in route.methods or ()}
        elif original := getattr(route, "original_router", None):
            prefix = getattr(getattr(route, "include_context", None), "prefix", "")
            found |= {re.sub(r"^(\S+) ", rf"\1 {prefix}", entry) for entry in fastapi_routes(original.routes)}
    return found


with contextlib.redirect_stdout(sys.stderr):
    from mlflow_aspire.server import serve_settings
    from mlflow_aspire.settings import export

    export(os.environ, serve_settings.read(os.environ).parts)
    os.environ |= {"_MLFLOW_SGI_NAME": "uvicorn", "_MLFLOW_SERVER_FILE_STORE": os.environ["MLFLOW_BACKEND_STORE_URI"]}
    from mlflow.server import app as flask_app

    match os.environ["MLFLOW_APP_NAME"]:
        case "basic-auth":
            app = import_module("mlflow.server.auth").create_app(flask_app)
        case "oidc-auth":
            app = import_module("mlflow_oidc_auth.app").app

routes = fastapi_routes(app.routes)
routes |= {f"{method} {rule.rule}" for rule in flask_app.url_map.iter_rules() for method in rule.methods}
print("\n".join(sorted(routes)))
