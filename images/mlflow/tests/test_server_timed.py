"""Of each request its status is counted, also of one whose client has left."""

import unittest

from starlette.types import Message, Receive, Scope, Send

from mlflow_aspire.server.timed import Timed

BODY: Message = {"type": "http.request", "body": b"{}", "more_body": True}
LEFT: Message = {"type": "http.disconnect"}


class Routes:
    def template(self, scope: Scope) -> str:
        return scope["path"]


class TimedTest(unittest.IsolatedAsyncioTestCase):
    async def status(self, *steps: Message | int | None) -> int:
        """What is counted of a request whose app receives messages, answers with a status and, for None, fails."""
        counted: list[int] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for step in steps:
                if step is None:
                    raise LookupError
                if isinstance(step, int):
                    await send({"type": "http.response.start", "status": step, "headers": []})
                else:
                    self.assertEqual(await receive(), step)

        received = iter([step for step in steps if isinstance(step, dict)])

        async def receive() -> Message:
            return next(received)

        async def send(message: Message) -> None:
            pass

        timed = Timed(app, Routes(), lambda method, route, status, seconds: counted.append(status))
        try:
            await timed({"type": "http", "method": "POST", "path": "/runs/create"}, receive, send)
        except LookupError:
            self.assertIn(None, steps)
        (status,) = counted
        return status

    async def test_it_is_that_of_the_answer(self) -> None:
        for status in (200, 404, 500, 503):
            self.assertEqual(await self.status(BODY, status), status)

    async def test_a_request_without_an_answer_has_failed(self) -> None:
        self.assertEqual((await self.status(BODY), await self.status(BODY, None)), (500, 500))

    async def test_a_client_that_leaves_before_its_answer_is_told_apart(self) -> None:
        for steps in ((BODY, LEFT), (BODY, LEFT, None), (BODY, LEFT, 500)):
            with self.subTest(steps):
                self.assertEqual(await self.status(*steps), 499)

    async def test_what_was_answered_or_done_stays(self) -> None:
        for steps, status in (((BODY, LEFT, 200), 200), ((BODY, LEFT, 404), 404), ((BODY, 500, LEFT), 500), ((BODY, 200, LEFT, None), 200)):
            with self.subTest(steps):
                self.assertEqual(await self.status(*steps), status)


if __name__ == "__main__":
    unittest.main()
