"""How long requests take."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from .routes import Routes

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# For a request that fails as its client has not waited for the answer: there is no standard status, and nginx has made this one usual.
_CLIENT_HAS_LEFT = 499

# Of a request its method, its route, empty where there is none, its status, and the seconds that it took.
Record = Callable[[str, str, int, float], None]


class Timed:
    def __init__(self, app: ASGIApp, routes: "Routes", record: Record) -> None:
        self._app = app
        self._routes = routes
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # A request that is not answered has failed.
        status = 500
        answered = has_left = False

        async def note_leaving() -> Message:
            nonlocal has_left
            message = await receive()
            has_left |= message["type"] == "http.disconnect" and not answered
            return message

        async def note_status(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
            await send(message)

        try:
            await self._app(scope, note_leaving, note_status)
        finally:
            if has_left and status >= 500:
                status = _CLIENT_HAS_LEFT
            method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
            self._record(method, self._routes.template(scope) or "", status, time.perf_counter() - began)
