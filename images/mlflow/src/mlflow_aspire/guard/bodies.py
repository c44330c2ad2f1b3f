"""Bodies that MLflow reads whole: within a limit, as they come and after they are unpacked, and without what databases do not keep."""

import re
import zlib
from dataclasses import dataclass

import anyio.to_thread
from starlette.types import Message, Receive, Scope

from ..settings import Environment, number

BODY = "MLFLOW_SERVER_MAX_BODY_MEBIBYTES"
ARTIFACT = "MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES"

_MEBIBYTE = 2**20
# PostgreSQL has no character NUL. In JSON it stands as this; after an even number of backslashes it is the text of five characters.
_NUL = b"\\u0000"
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# A body within the limit can be of many small values, each of which takes 20 times as much memory, and a worker for minutes. These begin with one of the marks.
_MARKS = b"[{,"
_MOST_VALUES = 4_000_000
# Both gzip and zlib by their first bytes, or neither.
_WRAPPED, _RAW = 47, -15


@dataclass(frozen=True)
class Limits:
    body: int
    """The largest body that is read whole, in bytes: as it comes, and unpacked."""

    artifact: int
    """The largest artifact, in bytes."""


def read_limits(environment: Environment) -> Limits:
    """Reads them.

    Raises:
        SettingError: one is no such number.
    """
    return Limits(
        body=number(environment, BODY, 64, 1, 1024) * _MEBIBYTE,
        artifact=number(environment, ARTIFACT, 50 * 1024, 1, 2**20) * _MEBIBYTE,
    )


class BodyError(Exception):
    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class ClientLeft(Exception):
    """In the middle of a request."""


class Body:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self._scope = scope
        self._receive = receive
        self._limit = limits.body
        self._headers: dict[bytes, bytes] = dict(scope["headers"])

    async def read(self) -> tuple[Scope, Receive]:
        """The request with its body read, unpacked where MLflow unpacks it.

        Raises:
            BodyError: the body is too large, or not what its headers say.
            ClientLeft: the client has left in the middle of it.
        """
        if b"content-length" not in self._headers and b"transfer-encoding" not in self._headers:
            return self._scope, self._receive
        if int(self._headers.get(b"content-length", b"0")) > self._limit:
            raise self._too_large()
        body = await self._gather()
        if self._scope["path"].endswith("/v1/traces"):
            body = await self._unpack(body)
        if b"protobuf" not in self._headers.get(b"content-type", b""):
            _check_text(body)
        return self._scope, _replay(body, self._receive)

    async def _gather(self) -> bytes:
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._limit:
                raise self._too_large()
            more = message.get("more_body", False)
        return b"".join(chunks)

    async def _unpack(self, body: bytes) -> bytes:
        encoding = self._headers.get(b"content-encoding", b"").lower()
        if encoding not in (b"gzip", b"deflate"):
            return body
        unpacked = await anyio.to_thread.run_sync(_unpacked, body, self._limit)
        if len(unpacked) > self._limit:
            raise self._too_large()
        headers = [(name, value) for name, value in self._scope["headers"] if name not in (b"content-encoding", b"content-length")]
        self._scope = {**self._scope, "headers": [*headers, (b"content-length", str(len(unpacked)).encode())]}
        return unpacked

    def _too_large(self) -> BodyError:
        return BodyError(413, f"the body is larger than {self._limit} bytes ({BODY})")


def _unpacked(body: bytes, limit: int) -> bytes:
    """The content of gzip, zlib or raw deflate, or the beginning of it, longer than the limit."""
    for form in (_WRAPPED, _RAW):
        try:
            return _unpack_members(body, form, limit)
        except zlib.error:
            continue
    raise BodyError(400, "the body cannot be unpacked")


def _unpack_members(body: bytes, form: int, limit: int) -> bytes:
    content: list[bytes] = []
    size = 0
    while body and size <= limit:
        member = zlib.decompressobj(form)
        content.append(member.decompress(body, limit + 1 - size))
        size += len(content[-1])
        if size <= limit and not member.eof:
            raise zlib.error("incomplete")
        body = member.unused_data
    return b"".join(content)


def _check_text(body: bytes) -> None:
    """Without reading it as JSON, which takes too long for what nobody has signed in for yet."""
    if sum(body.count(mark) for mark in _MARKS) > _MOST_VALUES:
        raise BodyError(400, f"the body has more than {_MOST_VALUES:,} values")
    if _NUL in body and _ESCAPED_NUL.search(body):
        raise BodyError(400, "a text in the body has a NUL character, which databases do not keep")


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
