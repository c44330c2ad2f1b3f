"""Middlewares that decide about a request and leave its answer alone."""

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Passing:
    """A middleware of Starlette's BaseHTTPMiddleware that changes no answer.

    What is behind it is called directly. Starlette would run it in a task of its own and take its answer through a stream, which costs more than the
    middleware's own work.
    """

    def __init__(self, app: ASGIApp, middleware: type[BaseHTTPMiddleware]) -> None:
        self._app = app
        self._dispatch = middleware(app).dispatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = Response()

        async def call_next(request: Request) -> Response:
            await self._app(request.scope, receive, send)
            return answered

        response = await self._dispatch(Request(scope, receive), call_next)
        if response is not answered:
            await response(scope, receive, send)
