"""Addresses that begin with https, for a server that an ingress sends plain http to."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HttpsScheme:
    """Has every request count as one by https: what is made of its address leads back through the ingress. Headers that a client could send have no part in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["scheme"] = "https"
        await self._app(scope, receive, send)
