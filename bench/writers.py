"""Writers who log batches at once, each the next one after the answer, and give up after five seconds. Prints what became of all of them as JSON."""

import asyncio
import itertools
import json
import sys
import time
import urllib.parse

DEADLINE = 5


class Writers:
    def __init__(self, address: str, path: str, run: str, headers: dict[str, str]) -> None:
        self._host = urllib.parse.urlsplit(address)
        self._run = run
        added = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {path} HTTP/1.1\r\nHost: {self._host.netloc}\r\nContent-Type: application/json\r\n{added}"
        self._steps = itertools.count(time.time_ns() // 1_000_000)
        self.acknowledged: list[float] = []
        self.failed: list[float] = []

    async def write_until(self, end: float) -> None:
        streams = None
        while (began := time.monotonic()) < end:
            try:
                async with asyncio.timeout(DEADLINE):
                    streams = streams or await asyncio.open_connection(self._host.hostname, self._host.port)
                    streams[1].write(self._request())
                    await _answer(streams[0])
            except (OSError, ValueError, asyncio.IncompleteReadError):
                self.failed.append(time.monotonic() - began)
                if streams:
                    streams[1].close()
                streams = None
                # A server that refuses at once is not asked as fast as it can refuse.
                await asyncio.sleep(0.1)
            else:
                self.acknowledged.append(time.monotonic() - began)

    def _request(self) -> bytes:
        """Three metrics of a step that no batch had before."""
        step = next(self._steps)
        metrics = [{"key": f"metric-{number}", "value": step % 1000 + 0.5, "timestamp": step, "step": step} for number in range(3)]
        body = json.dumps({"run_id": self._run, "metrics": metrics})
        return f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def _answer(reader: asyncio.StreamReader) -> None:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    length = next((line.removeprefix("content-length:") for line in lines if line.startswith("content-length:")), "none")
    await reader.readexactly(int(length))
    if status.split()[1] != "200":
        raise ValueError(status)


async def main(orders: dict) -> None:
    seconds, connections = orders.pop("seconds"), orders.pop("connections")
    writers = Writers(**orders)
    began = time.monotonic()
    await asyncio.gather(*(writers.write_until(began + seconds) for _ in range(connections)))
    times = sorted([*writers.acknowledged, *writers.failed])
    print(json.dumps({
        "acknowledged": len(writers.acknowledged),
        "failed": len(writers.failed),
        "seconds": time.monotonic() - began,
        "p99": 1_000 * times[len(times) * 99 // 100],
        "slowest": 1_000 * times[-1],
    }))  # fmt: skip


asyncio.run(main(json.loads(sys.argv[1])))
