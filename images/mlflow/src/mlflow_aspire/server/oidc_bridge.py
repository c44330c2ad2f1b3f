"""The bridge to Flask for the OIDC plugin, whose own sends all requests of a worker through one thread, one after the other."""

from collections.abc import Callable, Iterable
from typing import Any

from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY, AuthContext
from mlflow_oidc_auth.middleware import AuthAwareWSGIMiddleware
from starlette.types import Receive, Scope, Send

from ..sign_in.oidc_sign_in import has_bearer_token, sign_in
from .flask_bridge import FlaskBridge, WsgiApp

_SCOPE = "mlflow_aspire.scope"


class OidcBridge(AuthAwareWSGIMiddleware):
    """Hands on who has signed in, as the plugin's own does. The plugin tells Flask's routes from FastAPI's by this class."""

    signs_in = staticmethod(has_bearer_token)
    """Which requests need not have signed in before."""

    def __init__(self, flask_app: WsgiApp) -> None:
        super().__init__(flask_app)
        self._bridge = FlaskBridge(_SignedIn(flask_app), lambda scope: {_SCOPE: scope})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._bridge(scope, receive, send)


class _SignedIn:
    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scope = environ.pop(_SCOPE)
        if AUTH_CONTEXT_KEY not in scope and has_bearer_token(scope) and (refusal := sign_in(scope)):
            start_response(f"{refusal.status_code} ", [(name.decode("latin-1"), value.decode("latin-1")) for name, value in refusal.raw_headers])
            return [bytes(refusal.body)]
        user = scope.get(AUTH_CONTEXT_KEY)
        return self._app(environ | {AUTH_CONTEXT_KEY: user} if isinstance(user, AuthContext) else environ, start_response)
