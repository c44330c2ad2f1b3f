"""Asks an ASGI app in this process."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Scope


async def ask(app: ASGIApp, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Sends a request without a body, and gives status, headers and body of the answer."""
    body = [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not body:
            # The client stays.
            await asyncio.Event().wait()
        return body.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    return start["status"], start["headers"], b"".join(message.get("body", b"") for message in rest)
