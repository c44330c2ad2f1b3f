"""Middlewares that decide about a request and leave its answer alone."""

from collections.abc import Callable

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Passing:
    """A middleware of Starlette's BaseHTTPMiddleware that changes no answer, or none of the paths that `passes` tells.

    What is behind it is called directly. Starlette would run it in a task of its own, take its answer through a stream and each part of the request's body in
    two further tasks, which costs more than the middleware's own work.
    """

    def __init__(self, app: ASGIApp, middleware: Callable[[ASGIApp], BaseHTTPMiddleware], passes: Callable[[str], bool] = lambda path: True) -> None:
        self._app = app
        self._middleware = middleware(app)
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._passes(scope["path"]):
            await self._middleware(scope, receive, send)
            return
        answered = Response()

        async def call_next(request: Request) -> Response:
            await self._app(request.scope, receive, send)
            return answered

        response = await self._middleware.dispatch_func(Request(scope, receive), call_next)
        if response is not answered:
            await response(scope, receive, send)
