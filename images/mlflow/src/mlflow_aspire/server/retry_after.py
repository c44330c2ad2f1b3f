"""Tells clients that a 503 is worth another try, and when."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = b"1"


class RetryAfter:
    """Adds the header where it is missing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 503:
                headers = list(message.get("headers", ()))
                if not any(name.lower() == b"retry-after" for name, _ in headers):
                    message = {**message, "headers": [*headers, (b"retry-after", _SECONDS)]}
            await send(message)

        await self._app(scope, receive, send_completed)
