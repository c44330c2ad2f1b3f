"""A server that stops: what runs is answered, what comes gets 503."""

import asyncio
import signal
import unittest
from unittest import mock

import uvicorn

from mlflow_aspire.server import draining, worker
from mlflow_aspire.server.telemetry import Telemetry


class DrainingTest(unittest.IsolatedAsyncioTestCase):
    async def test_running_calls_end_and_new_ones_get_503(self) -> None:
        held, go = asyncio.Event(), asyncio.Event()

        async def app(scope, receive, send) -> None:
            held.set()
            await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"done"})

        config = uvicorn.Config(draining.Draining(app), host="127.0.0.1", port=0, lifespan="off", log_config=None)
        server = worker.WorkerServer(config, worker.Worker(threads=2, grace=20, telemetry=Telemetry(), probed=None))
        with mock.patch.object(draining, "_stopping", False):
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            address = server.servers[0].sockets[0].getsockname()
            running = asyncio.create_task(self._get(address))
            await asyncio.wait_for(held.wait(), 10)

            server.handle_exit(signal.SIGTERM, None)
            await asyncio.sleep(0.3)
            status, head, body = await self._get(address)
            self.assertEqual(status, 503)
            self.assertIn("retry-after: 1", head)
            self.assertIn("connection: close", head)
            self.assertIn(b"TEMPORARILY_UNAVAILABLE", body)

            self.assertFalse(serving.done())
            go.set()
            self.assertEqual((await asyncio.wait_for(running, 10))[::2], (200, b"done"))
            await asyncio.wait_for(serving, 10)
            self.assertTrue(draining.stopping())

    async def _get(self, address: tuple[str, int]) -> tuple[int, str, bytes]:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n")
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split(b" ")[1]), head.decode(), body


if __name__ == "__main__":
    unittest.main()
