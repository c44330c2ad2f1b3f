import asyncio
import unittest

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mlflow_aspire.sign_in.passing import Passing


class Gate(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next) -> Response:
        if request.headers.get("authorization") != "yes":
            return PlainTextResponse("refused", 401)
        request.state.user = "user"
        request.scope["added"] = "added"
        return await call_next(request)


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    if scope["path"] == "/broken":
        raise ValueError("of the app")
    body = await request.body()

    async def parts():
        for part in (request.state.user, scope["added"], body.decode()):
            yield part

    await StreamingResponse(parts(), 201, {"x-own": "yes"})(scope, receive, send)


def ask(app: ASGIApp, path: str, header: str) -> list[dict]:
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"authorization", header.encode())], "query_string": b"", "state": {}}
    parts, sent = [b"one", b" two"], []

    async def run() -> None:
        gone = asyncio.Event()

        async def receive() -> dict:
            if parts:
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            sent.append(message)

        await app(scope, receive, send)
        gone.set()

    asyncio.run(run())
    return sent


class PassingTest(unittest.TestCase):
    def answers(self, path: str, header: str) -> list[tuple]:
        answers = [ask(app, path, header) for app in (Gate(behind), Passing(behind, Gate))]
        return [(start["status"], sorted(start["headers"]), b"".join(part["body"] for part in rest)) for start, *rest in answers]

    def test_answers_are_those_of_the_middleware_and_of_what_is_behind_it(self) -> None:
        for header, status, body in (("yes", 201, b"useraddedone two"), ("no", 401, b"refused")):
            with self.subTest(header):
                theirs, ours = self.answers("/", header)
                self.assertEqual(ours, theirs)
                self.assertEqual((ours[0], ours[2]), (status, body))

    def test_an_error_behind_it_is_not_hidden(self) -> None:
        with self.assertRaisesRegex(ValueError, "of the app"):
            ask(Passing(behind, Gate), "/broken", "yes")

    def test_paths_whose_answers_are_changed(self) -> None:
        class Timing(BaseHTTPMiddleware):
            async def dispatch(self, request: Request, call_next) -> Response:
                response = await call_next(request)
                response.headers["x-time"] = "1"
                return response

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse("answer")(scope, receive, send)

        for path, is_changed in (("/gateway/model", True), ("/other", False)):
            start, *_ = ask(Passing(app, Timing, lambda path: not path.startswith("/gateway/")), path, "yes")
            self.assertEqual(b"x-time" in dict(start["headers"]), is_changed)

    def test_what_is_no_request_is_handed_on(self) -> None:
        seen = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        asyncio.run(Passing(app, Gate)({"type": "lifespan"}, None, None))
        self.assertEqual(seen, ["lifespan"])


if __name__ == "__main__":
    unittest.main()
