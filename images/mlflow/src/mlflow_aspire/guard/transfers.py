"""Uploads within the limit, and downloads without a copy on the server where the store can."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from threading import Semaphore
from typing import Any

import flask
from fastapi.responses import JSONResponse, Response, StreamingResponse
from mlflow.exceptions import MlflowException
from mlflow.server import app, artifact_router, handlers
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from starlette.requests import Request
from starlette.types import Message, Receive, Scope
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from ..stores.streaming import DOWNLOAD_PART, LARGE_DOWNLOAD_PART, StreamingStore
from .bodies import ARTIFACT


class _Room:
    """Memory for a download in large parts, of which one is asked for while its client takes the one before: 12 MiB, for as long as the object is held."""

    _free = Semaphore(8)

    @classmethod
    def take(cls) -> "_Room | None":
        return cls() if cls._free.acquire(blocking=False) else None

    def __del__(self) -> None:
        self._free.release()


class Upload:
    """The body of an artifact, which breaks off where it passes the limit, as if the client had left: what is stored of it until then goes."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._size = 0
        self.is_too_large = int(dict(scope["headers"]).get(b"content-length", b"0")) > limit

    @property
    def problem(self) -> str:
        return f"the artifact is larger than {self._limit} bytes ({ARTIFACT})"

    async def receive(self) -> Message:
        message: Message = {"type": "http.disconnect"} if self.is_too_large else await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            self.is_too_large = True
            return {"type": "http.disconnect"}
        return message


def apply() -> None:
    """Puts downloads of ours into MLflow's routes."""
    _stream_native_route()
    _stream_routes_of_flask()


def _stream_native_route() -> None:
    own = artifact_router.download_artifact

    async def download_artifact(artifact_path: str, request: Request) -> Response:
        store = artifact_router._get_artifact_repo() if artifact_router._is_serving_proxied_artifacts() else None
        if not isinstance(store, StreamingStore):
            return await own(artifact_path)
        room = _Room.take()
        try:
            path = artifact_router._get_workspace_scoped_path(artifact_router.validate_path_is_safe(artifact_path))
            answer, first, rest = await asyncio.to_thread(_begin, store, path, _environment(request), LARGE_DOWNLOAD_PART if room else DOWNLOAD_PART)
        except MlflowException as error:
            return JSONResponse(status_code=error.get_http_status_code(), content=json.loads(error.serialize_as_json()))
        except RequestedRangeNotSatisfiable as error:
            return Response(status_code=error.code, headers=dict(error.get_headers()))
        headers = dict(answer.headers)
        if len(first) == answer.content_length and len(first) <= DOWNLOAD_PART:
            return Response(first, answer.status_code, headers)
        return StreamingResponse(_in_threads(first, rest, room), answer.status_code, headers)

    for route in artifact_router.artifact_router.routes:
        if route.endpoint is own:
            # The app makes its own routes of these, when the first request comes.
            route.endpoint = download_artifact


def _stream_routes_of_flask() -> None:
    """Those of the page of MLflow, and HEAD of the native route, for which MLflow copies the file as well."""
    own = handlers._send_artifact

    def send_artifact(store: ArtifactRepository, path: str) -> flask.Response:
        return _answer(store, path, flask.request.environ) if isinstance(store, StreamingStore) else own(store, path)

    @handlers.catch_mlflow_exception
    @handlers._disable_unless_serve_artifacts
    def download_artifact(artifact_path: str) -> flask.Response:
        path = handlers._get_workspace_scoped_repo_path_if_enabled(handlers.validate_path_is_safe(artifact_path))
        return send_artifact(handlers._get_artifact_repo_mlflow_artifacts(), path)

    handlers._send_artifact = send_artifact
    for endpoint, view in app.view_functions.items():
        if view is handlers._download_artifact:
            app.view_functions[endpoint] = download_artifact


def _answer(store: StreamingStore, path: str, environment: dict[str, Any], part: int = DOWNLOAD_PART) -> flask.Response:
    """A file, or the part of it that is asked for. Of others nothing is read, of the head of a file nothing at all.

    Raises:
        RequestedRangeNotSatisfiable: the file has no such part.
    """
    answer = flask.Response(direct_passthrough=True)
    is_head, is_part = environment["REQUEST_METHOD"] == "HEAD", "HTTP_RANGE" in environment
    if is_head or is_part:
        size = store.size(path)
    else:
        size, answer.response = store.get(path, part)
    answer.content_length = size
    answer.make_conditional(environment, accept_ranges=True, complete_length=size)
    if is_part and not is_head:
        asked = answer.content_range
        answer.response = store.get_range(path, asked.start, asked.stop, part) if answer.status_code == 206 else store.get(path, part)[1]
    return handlers._response_with_file_attachment_headers(path, answer)


def _environment(request: Request) -> dict[str, Any]:
    """What tells which part of a file is asked for, as WSGI has it."""
    return {"REQUEST_METHOD": request.method, **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}}


def _begin(store: StreamingStore, path: str, environment: dict[str, Any], part: int) -> tuple[flask.Response, bytes, Iterator[bytes]]:
    """The first part of a file as well, which is all of most: they need no further change of threads."""
    answer = _answer(store, path, environment, part)
    parts = iter(answer.response)
    return answer, next(parts, b""), parts


async def _in_threads(part: bytes | None, rest: Iterator[bytes], room: _Room | None) -> AsyncIterator[bytes]:
    """In those of transfers, of which there are more than of requests."""
    following = None
    try:
        while part is not None:
            if room:
                following = asyncio.create_task(asyncio.to_thread(_next, rest))
            yield part
            part = await (following or asyncio.to_thread(_next, rest))
    finally:
        if following:
            following.cancel()


def _next(parts: Iterator[bytes]) -> bytes | None:
    """The end as a value: a StopIteration cannot leave a thread."""
    return next(parts, None)
