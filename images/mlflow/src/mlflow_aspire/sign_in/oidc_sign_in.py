"""Who makes a request, with the OIDC plugin.

A bearer token is looked at in a thread: the database of users is asked for it, and the loop of all requests would stand still meanwhile. A request for one of
Flask's own paths changes threads once, and signs in where Flask answers it.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from mlflow_oidc_auth.middleware import AuthMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from . import bearer_groups
from .bearer_authentication import BearerAuthentication
from .passing import Passing

T = TypeVar("T")

# What the plugin finds behind it.
_BEHIND = Response()
_plugin = BearerAuthentication(_BEHIND)


class SignIn:
    """In the place of the plugin's authentication."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # Sessions, and the access tokens that users issue themselves.
        self._others = Passing(app, AuthMiddleware)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_bearer_token(scope):
            await self._others(scope, receive, send)
        elif refusal := await run_in_threadpool(sign_in, scope):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def has_bearer_token(scope: Scope) -> bool:
    """As the plugin looks for one."""
    return Headers(scope=scope).get("authorization", "").startswith("Bearer ")


def sign_in(scope: Scope) -> Response | None:
    """Adds to a request with a bearer token who makes it, or gives the answer to one that goes no further."""

    async def behind(request: Request) -> Response:
        return _BEHIND

    answer = _finished(_plugin.dispatch(Request(scope), behind))
    return bearer_groups.refusal(scope) if answer is _BEHIND else answer


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """What comes of one that waits for nothing: the plugin waits only where it checks other credentials."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("the OIDC plugin waits while it looks at a bearer token")
