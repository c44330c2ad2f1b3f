"""The app of the OIDC plugin, with what it leaves out.

The checks of Host and Origin: the plugin leaves them to MLflow's Flask app, so its own routes, of which /login makes an address from the Host header,
would go without. The groups of bearer tokens after the first one. MLflow's routes that stream artifacts: Flask's read an upload whole. https in the addresses
that it makes from a request, of which OIDC_REDIRECT_URI is no more than one. And a limit to how long the access tokens last that users issue themselves, which
outlive their groups.
"""

import os

from mlflow.server.fastapi_security import init_fastapi_security
from mlflow.server.otel_api import otel_router
from mlflow_oidc_auth.app import app
from mlflow_oidc_auth.config import config
from mlflow_oidc_auth.middleware import AuthMiddleware, ProxyHeadersMiddleware, WorkspaceContextMiddleware
from starlette.middleware import Middleware

from . import bearer_authentication, oidc_tokens, plugin_caches, run_experiments, verified_tokens
from .https_scheme import HttpsScheme
from .oidc_artifacts import artifact_routes
from .oidc_sign_in import SignIn
from .passing import Passing

# MLflow imports this module.
oidc_tokens.limit(os.environ)
# Spans come all the time, and the router would look at hundreds of the plugin's routes before theirs.
app.router.routes.sort(key=lambda route: getattr(route, "original_router", None) is not otel_router)
# In front of Flask's.
app.router.routes[:0] = artifact_routes()
bearer_authentication.install()
verified_tokens.remember()
plugin_caches.lock()
run_experiments.apply_to_oidc()
replaced = {AuthMiddleware: Middleware(SignIn)} | {kind: Middleware(Passing, middleware=kind) for kind in (ProxyHeadersMiddleware, WorkspaceContextMiddleware)}
app.user_middleware[:] = [replaced.get(middleware.cls, middleware) for middleware in app.user_middleware]
if (config.OIDC_REDIRECT_URI or "").startswith("https://"):
    app.add_middleware(HttpsScheme)
init_fastapi_security(app)
