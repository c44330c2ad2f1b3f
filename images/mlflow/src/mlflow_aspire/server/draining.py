"""What a server answers between SIGTERM and its end: 503, which clients repeat, by a connection that ends with it."""

import json

from starlette.types import ASGIApp, Receive, Scope, Send

_BODY = json.dumps({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "The server is stopping; repeat the request"}).encode()
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode()), (b"retry-after", b"1"), (b"connection", b"close")]

_stopping = False


def begin() -> None:
    global _stopping
    _stopping = True


def stopping() -> bool:
    return _stopping


class Draining:
    """In front of everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _stopping and scope["type"] == "http":
            await send({"type": "http.response.start", "status": 503, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": _BODY})
        else:
            await self._app(scope, receive, send)
