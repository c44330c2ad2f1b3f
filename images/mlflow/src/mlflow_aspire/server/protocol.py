"""uvicorn's protocol on httptools, with an end to what a client may send before anybody looks at it.

httptools puts no limit on the bytes of a header, and joins what comes of one in a time that grows with its square: a few megabytes occupy a worker for
seconds. Nor does it mind a version or a host that the server does not speak for.
"""

import http
import sys
from asyncio import TimerHandle, Transport
from typing import Any
from urllib.parse import urlsplit

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .settings import ServerSettings

_MAX_HEADERS = 100
_VERSIONS = ("1.0", "1.1")
_UPGRADE_TOKENS = (b"upgrade", b"http2-settings")

# A body, of a request or of a response, may take as long as it likes, but not stand still for longer.
_BODY_SECONDS = 60


class _Refused(Exception):
    """Ends the parsing of a request; the answer has been noted."""


class LimitedProtocol(HttpToolsProtocol):
    """Answers 431 to large heads, 408 to slow ones, 505 to other versions, 400 to another host, and closes the connection."""

    settings: ServerSettings
    parser: HttpRequestParser

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refusal = http.HTTPStatus.BAD_REQUEST
        self._head_since: float | None = None
        self._head_size = 0
        self._last_data = 0.0
        self._data = b""
        self._unsent = 0
        self._unsent_since: float | None = None
        self._watch: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:
        super().connection_made(transport)
        # A connection without a request is a request that has not begun.
        self._head_since = self._last_data = self.loop.time()
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._last_data = self.loop.time()
        self._data = data
        super().data_received(data)
        if self._head_since is not None and not self.transport.is_closing():
            # All of it belongs to a head that has not ended; what has ended is counted there.
            self._head_size += len(data)
            if self._head_size > self.settings.header_bytes:
                self._answer(http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()
        self._head_size = 0

    def on_headers_complete(self) -> None:
        self._head_since = None
        refusal = self._check_head()
        if refusal is not None:
            self._refusal = refusal
            raise _Refused
        if not self._ignores_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._ignores_upgrade():
            super().on_message_complete()

    def _ignores_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade() and not self._should_upgrade())

    def _unsupported_upgrade_warning(self) -> None:
        """What uvicorn calls when an upgrade to something it does not speak has been asked for, which is to be ignored.

        httptools has left the body unread, which is sent at once with an upgrade to HTTP/2 (Java's client asks for it). So the request is read once more,
        without what asks for the upgrade.
        """
        upgrade = sys.exc_info()[1]
        assert isinstance(upgrade, HttpParserUpgrade)
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(token for token in value.split(b",") if token.strip().lower() not in _UPGRADE_TOKENS)
            if name not in _UPGRADE_TOKENS:
                head += [name, b": ", value, b"\r\n"]
        rest = self._data[upgrade.args[0] :]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when a request could not be parsed."""
        self._answer(self._refusal)

    def _check_head(self) -> http.HTTPStatus | None:
        hosts: list[bytes] = []
        size = len(self.url)
        for name, value in self.headers:
            size += len(name) + len(value)
            if name == b"host":
                hosts.append(value)
        if size > self.settings.header_bytes or len(self.headers) > _MAX_HEADERS:
            return http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        if self.parser.get_http_version() not in _VERSIONS:
            return http.HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
        if len(hosts) > 1 or self.parser.get_method() == b"CONNECT":
            return http.HTTPStatus.BAD_REQUEST
        # MLflow checks the Host header, and a URL that names a host itself counts more than it.
        if not self.url.startswith((b"/", b"*")) and [_host(self.url)] != [host.lower() for host in hosts]:
            return http.HTTPStatus.BAD_REQUEST
        return None

    def _answer(self, status: http.HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}".encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _look_later(self) -> None:
        self._watch = self.loop.call_later(self.settings.request_seconds / 4, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if self.transport.is_closing():
            return
        if self._head_since is not None and now - self._head_since > self.settings.request_seconds:
            if self.headers is None:
                self.transport.close()
            else:
                self._answer(http.HTTPStatus.REQUEST_TIMEOUT)
        elif self._stands_still(now) or (self._waits_for_body() and now - self._last_data > _BODY_SECONDS):
            self.transport.abort()
        else:
            self._look_later()

    def _stands_still(self, now: float) -> bool:
        """Whether a client has not taken any of what waits for it for too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        return unsent > 0 and now - (self._unsent_since or now) > _BODY_SECONDS

    def _waits_for_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete and not self.flow.read_paused


def limited(server_settings: ServerSettings) -> type[LimitedProtocol]:
    """The protocol with these limits, for uvicorn.Config."""
    return type("LimitedProtocol", (LimitedProtocol,), {"settings": server_settings})


def _host(url: bytes) -> bytes:
    return urlsplit(url).netloc.lower()
