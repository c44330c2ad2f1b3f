"""How answers of a WSGI app come through: short ones, long ones, endless ones, and none; and how they end when the client has gone."""

import asyncio
import contextvars
import threading
import unittest
from unittest.mock import patch

from mlflow_aspire.server.flask_bridge import FlaskBridge

SCOPE = {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/path", "query_string": b"", "headers": []}


class Answer:
    """An iterable of a WSGI app that tells whether it was closed."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.closed = False
        self.read = 0

    def __iter__(self):
        for chunk in self._chunks:
            self.read += 1
            yield chunk

    def close(self) -> None:
        self.closed = True


def _receiving(*messages: dict, gone: asyncio.Event | None = None):
    """What a client sends that stays until the event."""
    left = list(messages or [{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict:
        if left:
            return left.pop(0)
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return receive


class FlaskBridgeTest(unittest.IsolatedAsyncioTestCase):
    async def _call(self, app, *received: dict, scope: dict = SCOPE) -> list[dict]:
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        await FlaskBridge(app, lambda scope: {"added": scope["path"]})(scope, _receiving(*received), send)
        return sent

    async def test_a_short_answer_is_one_message(self) -> None:
        answer = Answer(b"hello ", b"", b"world")

        def app(environ, start_response):
            start_response("201 CREATED", [("Content-Length", "11"), ("X-Name", environ["added"])])
            return answer

        start, body = await self._call(app)
        self.assertEqual(start, {"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"11"), (b"x-name", b"/path")]})
        self.assertEqual(body, {"type": "http.response.body", "body": b"hello world"})
        self.assertTrue(answer.closed)

    async def test_flask_reads_a_body_in_chunks(self) -> None:
        from flask import Flask, request

        app = Flask("chunks")

        @app.post("/path")
        def answer() -> str:
            return str(request.get_json())

        chunks = [{"type": "http.request", "body": b'{"name": ', "more_body": True}, {"type": "http.request", "body": b'"chunks"}', "more_body": False}]
        scope = {**SCOPE, "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]}
        _, body = await self._call(app, *chunks, scope=scope)
        self.assertEqual(body["body"], b"{'name': 'chunks'}")

    async def test_the_app_gets_the_whole_body(self) -> None:
        def app(environ, start_response):
            start_response("200 OK", [])
            return [str(len(environ["wsgi.input"].read())).encode()]

        sent = await self._call(app, {"type": "http.request", "body": b"a" * 70_000, "more_body": True}, {"type": "http.request", "body": b"b"})
        self.assertEqual(b"".join(message.get("body", b"") for message in sent), b"70001")

    async def test_half_a_body_is_nothing(self) -> None:
        called = []
        sent = await self._call(lambda *_: called.append(1), {"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"})
        self.assertEqual((sent, called), ([], []))

    async def test_a_long_answer_comes_in_pieces(self) -> None:
        answer = Answer(*[b"x" * 100_000] * 10)

        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "1000000")])
            return answer

        _, *bodies = await self._call(app)
        self.assertEqual([len(message["body"]) for message in bodies], [300_000, 300_000, 300_000, 100_000])
        self.assertTrue(answer.closed)

    async def test_events_do_not_wait_for_each_other(self) -> None:
        next_event = threading.Event()
        variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

        def events():
            yield b"first"
            # The test hangs here when the first event waits for the second one.
            assert next_event.wait(10)
            yield variable.get().encode()

        def app(environ, start_response):
            variable.set("of the request")
            start_response("200 OK", [])
            return events()

        sent: list[bytes] = []

        async def send(message: dict) -> None:
            sent.append(message.get("body", b""))
            if message.get("body") == b"first":
                next_event.set()

        await asyncio.wait_for(FlaskBridge(app)(SCOPE, _receiving(), send), 10)
        self.assertEqual(sent, [b"", b"first", b"of the request", b""])

    async def test_an_answer_is_closed_when_it_cannot_be_sent(self) -> None:
        answer = Answer(*[b"x" * 300_000] * 10)

        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "3000000")])
            return answer

        async def send(message: dict) -> None:
            if message["type"] == "http.response.body":
                raise OSError("gone")

        with self.assertRaisesRegex(OSError, "gone"):
            await FlaskBridge(app)(SCOPE, _receiving(), send)
        self.assertEqual((answer.closed, answer.read), (True, 1))

    async def test_a_long_answer_ends_when_the_client_goes(self) -> None:
        answer = Answer(*[b"x" * 300_000] * 10)
        gone = asyncio.Event()
        sent: list[dict] = []

        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "3000000")])
            return answer

        async def send(message: dict) -> None:
            sent.append(message)
            if len(sent) == 3:
                gone.set()

        await FlaskBridge(app)(SCOPE, _receiving(gone=gone), send)
        self.assertTrue(answer.closed)
        # At most one more is taken while nobody knows yet.
        self.assertLessEqual(answer.read, 3)
        self.assertTrue(all(message["more_body"] for message in sent[1:]))
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})

    async def test_nobody_waits_for_the_client_of_a_short_answer_to_go(self) -> None:
        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "5")])
            return [b"short"]

        with patch("asyncio.create_task") as created:
            await self._call(app)
        created.assert_not_called()

    async def test_an_error_of_the_app_is_not_an_answer(self) -> None:
        def app(environ, start_response):
            raise ValueError("broken")

        with self.assertRaisesRegex(ValueError, "broken"):
            await self._call(app)

    async def test_websockets_are_refused(self) -> None:
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        async def receive() -> dict:
            return {"type": "websocket.connect"}

        await FlaskBridge(lambda *_: [])({"type": "websocket"}, receive, send)
        self.assertEqual([message["type"] for message in sent], ["websocket.close"])


if __name__ == "__main__":
    unittest.main()
