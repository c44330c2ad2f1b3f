"""What reaches the server's app of what clients send, and what is refused in front of it."""

import asyncio
import socket
import time
import unittest
from unittest import mock

import uvicorn
from uvicorn.server import ServerState

from mlflow_aspire.server import protocol, settings

LIMITS = {"MLFLOW_SERVER_MAX_HEADER_BYTES": "8192", "MLFLOW_SERVER_HEADER_SECONDS": "1"}

MUCH = 40_000_000


async def app(scope, receive, send) -> None:
    """Answers with the method, the path and the size of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = bytes(MUCH) if scope["path"] == "/much" else f"{scope['method']} {scope['path']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


async def _read(reader: asyncio.StreamReader, seconds: float) -> bytes:
    received = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), seconds):
            received += chunk
    except (ConnectionError, TimeoutError):
        pass
    return received


class ProtocolTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        config = uvicorn.Config(app, http=protocol.limited(settings.read(LIMITS)), lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        create = lambda: config.http_protocol_class(config=config, server_state=self.state, app_state={})  # noqa: E731
        self.server = await asyncio.get_running_loop().create_server(create, "127.0.0.1", 0)
        self.address = self.server.sockets[0].getsockname()

    async def asyncTearDown(self) -> None:
        self.server.close()

    async def _send(self, *parts: bytes, end: bool = True) -> bytes:
        """All that comes back until the server closes, or for half a second when it should not."""
        reader, writer = await asyncio.open_connection(*self.address)
        answer = asyncio.create_task(_read(reader, 10 if end else 0.5))
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass  # It has answered before it has read everything.
        received = await answer
        writer.close()
        return received

    async def _status(self, *parts: bytes, end: bool = True) -> int:
        return int((await self._send(*parts, end=end)).split(b" ")[1])

    def _request(self, *headers: bytes, line: bytes = b"GET /path HTTP/1.1") -> bytes:
        return b"\r\n".join([line, b"host: server", *headers, b"", b""])

    async def test_a_usual_request(self) -> None:
        headers = [b"header-%d: value" % number for number in range(90)]
        self.assertTrue((await self._send(self._request(*headers, b"connection: close"))).endswith(b"GET /path 0"))
        body = b"x" * 3_000_000
        self.assertTrue((await self._send(self._request(b"content-length: 3000000", b"connection: close", line=b"POST /large HTTP/1.1"), body)).endswith(b"POST /large 3000000"))

    async def test_large_heads(self) -> None:
        for name, request in {
            "one header": self._request(b"a: " + b"b" * 9_000),
            "a header that does not end": b"GET / HTTP/1.1\r\nhost: server\r\na: " + b"b" * 10_000,
            "many headers": self._request(*[b"a-%d: b" % number for number in range(101)]),
            "the path": self._request(line=b"GET /" + b"a" * 9_000 + b" HTTP/1.1"),
        }.items():
            with self.subTest(name):
                self.assertEqual(await self._status(request), 431)

    async def test_a_large_header_costs_little(self) -> None:
        _, writer = await asyncio.open_connection(*self.address)
        begin = time.process_time()
        try:
            writer.write(b"GET / HTTP/1.1\r\nhost: server\r\na: " + b"b" * 60_000_000)
            await asyncio.wait_for(writer.drain(), 10)
        except ConnectionError:
            pass
        writer.transport.abort()
        self.assertLess(time.process_time() - begin, 2)

    async def test_what_the_server_does_not_speak_for(self) -> None:
        for request, status in {
            b"GET /\r\n\r\n": 505,
            b"GET / HTTP/2.0\r\nhost: server\r\n\r\n": 505,
            b"GET http://elsewhere/ HTTP/1.1\r\nhost: server\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nhost: server\r\nhost: elsewhere\r\n\r\n": 400,
            b"CONNECT elsewhere:443 HTTP/1.1\r\nhost: server\r\n\r\n": 400,
            b"nonsense\r\n\r\n": 400,
        }.items():
            with self.subTest(request):
                self.assertEqual(await self._status(request), status)
        self.assertEqual(await self._status(b"GET http://SERVER/ HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n"), 200)
        self.assertEqual(await self._status(b"GET / HTTP/1.0\r\n\r\n"), 200)

    async def test_an_upgrade_that_is_ignored_keeps_its_body(self) -> None:
        upgrade = self._request(
            b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQ", b"content-length: 5", line=b"POST /path HTTP/1.1"
        )
        for name, parts in {"at once": [upgrade + b"hello"], "later": [upgrade, b"hel", b"lo"]}.items():
            with self.subTest(name):
                self.assertTrue((await self._send(*parts, end=False)).endswith(b"POST /path 5"))
        again = await self._send(upgrade + b"hello" + self._request(b"connection: close", line=b"GET /next HTTP/1.1"))
        self.assertIn(b"POST /path 5", again)
        self.assertTrue(again.endswith(b"GET /next 0"))

    async def test_half_requests_end(self) -> None:
        self.assertEqual(await self._send(), b"")
        self.assertEqual(await self._status(b"GET / HTTP/1.1\r\nhost: server\r\n"), 408)
        self.assertEqual(await self._status(b"GET / HTTP/1.1\r\n", *[b"a: b\r\n"] * 40), 408)

    async def test_requests_after_each_other_have_their_own_time_and_size(self) -> None:
        requests = [self._request(b"a: " + b"b" * 3_000) for _ in range(40)]
        answer = await self._send(*requests, self._request(b"connection: close"))
        self.assertEqual(answer.count(b"200 OK"), 41)

    async def test_a_body_that_stands_still(self) -> None:
        with mock.patch.object(protocol, "_BODY_SECONDS", 1):
            begin = time.monotonic()
            self.assertEqual(await self._send(self._request(b"content-length: 5", line=b"POST / HTTP/1.1"), b"hel"), b"")
            self.assertLess(time.monotonic() - begin, 8)

    async def test_a_client_that_does_not_read(self) -> None:
        with socket.create_connection(self.address) as client, mock.patch.object(protocol, "_BODY_SECONDS", 1):
            client.sendall(self._request(line=b"GET /much HTTP/1.1"))
            await self._wait_for_connections(1)
            # The buffers of both ends hold some of it; the rest would be kept as long as the client likes.
            await self._wait_for_connections(0)

    async def _wait_for_connections(self, count: int) -> None:
        begin = time.monotonic()
        while len(self.state.connections) != count:
            self.assertLess(time.monotonic() - begin, 20)
            await asyncio.sleep(0.1)

    async def test_a_client_that_reads_slowly(self) -> None:
        reader, writer = await asyncio.open_connection(*self.address, limit=2**16)
        with mock.patch.object(protocol, "_BODY_SECONDS", 1):
            writer.write(self._request(b"connection: close", line=b"GET /much HTTP/1.1"))
            received = 0
            while part := await reader.read(2**20):
                received += len(part)
                await asyncio.sleep(0.03)
        self.assertGreater(received, MUCH)
        writer.close()


if __name__ == "__main__":
    unittest.main()
