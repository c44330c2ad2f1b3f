"""From ASGI to MLflow's Flask app in one change of threads.

MLflow's own way (and Starlette's, and asgiref's) changes threads for the start of the response, for each chunk and for the end, which costs more than many
a handler. Here the thread brings the whole of a short response back. A long one is streamed: no faster than the client takes it, without a thread while it is
waited for, and no further when the client has gone.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import anyio.to_thread
from mlflow.server.fastapi_app import build_environ
from starlette.types import Receive, Scope, Send

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# What one change of threads brings at most.
_CHUNK = 256 * 1024


class FlaskBridge:
    """The ASGI app of a WSGI app. `additions` are what a request's scope adds to its environment."""

    def __init__(self, app: WsgiApp, additions: Callable[[Scope], Mapping[str, Any]] = lambda scope: {}) -> None:
        self._app = app
        self._additions = additions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        body = await _body(receive)
        if body is None:
            return
        environ = build_environ(scope, body) | self._additions(scope)
        # Flask reads a body in chunks, which comes without a length, only when it is told that the body has an end.
        environ["wsgi.input_terminated"] = True
        response = _Response(self._app, environ)
        del body
        # Flask keeps what belongs to the request in context variables, of which a thread has a copy.
        context = contextvars.copy_context()
        gone: asyncio.Task[None] | None = None
        try:
            more = await anyio.to_thread.run_sync(context.run, response.begin)
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            while more:
                # uvicorn takes what is sent to a client that has gone, and says nothing.
                gone = gone or asyncio.create_task(_disconnected(receive))
                await send({"type": "http.response.body", "body": response.chunk, "more_body": True})
                if gone.done():
                    return
                more = await anyio.to_thread.run_sync(context.run, response.advance)
            await send({"type": "http.response.body", "body": response.chunk})
        finally:
            if gone:
                gone.cancel()
            if not response.closed:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(context.run, response.close)


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None when the client has gone before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Response:
    """What a WSGI app answers. Its methods run in threads, one after the other."""

    def __init__(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        self._app = app
        self._environ = environ
        self._chunks: Iterator[bytes] = iter(())
        self._iterable: Iterable[bytes] = ()
        self._known_length = False
        self.closed = True
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunk = b""

    def begin(self) -> bool:
        """Calls the app and takes the first chunk; whether there is more."""
        self._iterable = self._app(self._environ, self._start)
        self.closed = False
        self._chunks = iter(self._iterable)
        return self.advance()

    def advance(self) -> bool:
        """Takes the next chunk; whether there is more. What comes without an announced length may be events, which do not wait for each other."""
        parts: list[bytes] = []
        size = 0
        for part in self._chunks:
            parts.append(part)
            size += len(part)
            if size and (size >= _CHUNK or not self._known_length):
                self.chunk = b"".join(parts)
                return True
        self.chunk = b"".join(parts)
        self.close()
        return False

    def close(self) -> None:
        self.closed = True
        if close := getattr(self._iterable, "close", None):
            close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [(name.strip().lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
        self._known_length = any(name == b"content-length" for name, _ in self.headers)
