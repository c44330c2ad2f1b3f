"""The bridge to Flask for the OIDC plugin, whose own sends all requests of a worker through one thread, one after the other."""

from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY, AuthContext
from mlflow_oidc_auth.middleware import AuthAwareWSGIMiddleware
from starlette.types import Receive, Scope, Send

from .flask_bridge import FlaskBridge, WsgiApp


class OidcBridge(AuthAwareWSGIMiddleware):
    """Hands on who has signed in, as the plugin's own does. The plugin tells Flask's routes from FastAPI's by this class."""

    def __init__(self, flask_app: WsgiApp) -> None:
        super().__init__(flask_app)
        self._bridge = FlaskBridge(flask_app, _signed_in)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._bridge(scope, receive, send)


def _signed_in(scope: Scope) -> dict[str, AuthContext]:
    user = scope.get(AUTH_CONTEXT_KEY)
    return {AUTH_CONTEXT_KEY: user} if isinstance(user, AuthContext) else {}
