"""What a request tells by itself: refused before anything reads it."""

import json
import re
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..stores.errors import NoRoom, is_full_disk
from . import caller, origins, paths, spool
from .bodies import Body, BodyError, ClientLeft, Limits
from .transfers import Upload

# Parameters of a query that name an artifact, or a folder of them.
_PATHS = frozenset({"path", "artifact_path", "artifact_file_path", "artifact_directory_path"})
_RUN_NAMES = frozenset({"run_id", "run_uuid"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# MLflow's routes that stream files have no prefix. Below MLFLOW_STATIC_PREFIX others answer, which read a file whole.
_FILE = re.compile(r"/(?:ajax-)?api/2\.0/mlflow-artifacts/artifacts/.")
_ARTIFACT = re.compile(r"/(?:ajax-)?api/2\.0/mlflow-artifacts/(?:artifacts|presigned|mpu/(?:create|complete|abort))/(.*)$", re.DOTALL)


class Refusal(Exception):
    """The answer to a request that goes no further."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Requests:
    """Checks a request, reads its body within the limits, and lets it through."""

    def __init__(self, app: ASGIApp, limits: Limits, origins: tuple[str, ...], prefix: str) -> None:
        self._app = app
        self._limits = limits
        self._origins = origins
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            # In each worker, before its first request.
            spool.enter()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = self._without_prefix(scope)
        try:
            _check_origin(scope, self._origins)
            _check_address(scope)
            if not is_upload(scope):
                scope, receive = await Body(scope, receive, self._limits).read()
        except (Refusal, BodyError) as refusal:
            await _answer(send, refusal.status, str(refusal))
            return
        except ClientLeft:
            # Nobody is there to get an answer.
            return
        caller.scope.set(scope)
        if is_upload(scope):
            await self._upload(scope, Upload(scope, receive, self._limits.artifact), send)
        else:
            await self._app(scope, receive, send)

    def _without_prefix(self, scope: Scope) -> Scope:
        path = scope["path"].removeprefix(self._prefix)
        if not self._prefix or scope["method"] not in ("GET", "PUT") or path == scope["path"] or not is_file(path):
            return scope
        return {**scope, "path": path, "raw_path": scope["raw_path"].removeprefix(self._prefix.encode())}

    async def _upload(self, scope: Scope, upload: Upload, send: Send) -> None:
        async def send_unless_too_large(message: Message) -> None:
            if not upload.is_too_large:
                await send(message)

        try:
            if not upload.is_too_large:
                await self._app(scope, upload.receive, send_unless_too_large)
        except Exception as error:
            if is_full_disk(error):
                await _answer(send, 507, NoRoom(error).message)
            elif not upload.is_too_large:
                raise
        if upload.is_too_large:
            await _answer(send, 413, upload.problem)


def is_upload(scope: Scope) -> bool:
    """Whether the body is an artifact, which streams to the store."""
    return scope["method"] == "PUT" and is_file(scope["path"])


def is_file(path: str) -> bool:
    """Whether it is one of MLflow's routes that stream files."""
    return _FILE.match(path) is not None


def _check_origin(scope: Scope, allowed: tuple[str, ...]) -> None:
    # A provider of OpenID Connect may send the browser back with a form.
    if not scope["path"].startswith("/callback") and (problem := origins.problem(scope, allowed)):
        raise Refusal(403, problem)


def _check_address(scope: Scope) -> None:
    path, query = scope["path"], scope["query_string"]
    if _CONTROL.search(path):
        raise Refusal(400, "the address has a control character")
    if artifact := _ARTIFACT.search(path):
        _check_path(artifact[1])
        if query and scope["method"] in ("PUT", "DELETE", "POST"):
            raise Refusal(400, "the address of an artifact has a query; a '?' in a name is sent as %3F")
    if query:
        _check_query(query.decode("latin-1"))


def _check_query(query: str) -> None:
    runs = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        if "\0" in value:
            raise Refusal(400, f"the parameter {name!r} has a NUL character")
        if name in _PATHS:
            _check_path(value)
        if name in _RUN_NAMES and value:
            runs.add(value)
    if len(runs) > 1:
        raise Refusal(400, "run_id and run_uuid name different runs")


def _check_path(path: str) -> None:
    if problem := paths.problem(path):
        raise Refusal(400, f"the path of an artifact is {path[:200]!r}: {problem}")


async def _answer(send: Send, status: int, problem: str) -> None:
    code = {400: "INVALID_PARAMETER_VALUE", 403: "PERMISSION_DENIED", 413: "REQUEST_LIMIT_EXCEEDED", 507: "RESOURCE_EXHAUSTED"}[status]
    body = json.dumps({"error_code": code, "message": problem}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in (413, 507):
        # What is left of the body is not read.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
