"""The uvicorn server of a worker: how it starts, and how it ends."""

import asyncio
import gc
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType

import anyio.to_thread
import uvicorn

from . import draining, readiness, telemetry
from .readiness import Probed
from .telemetry import Telemetry

# Uploads and downloads, which wait for the artifact store and for clients, and use no database.
_TRANSFER_THREADS = 32

# No thread runs during a collection. Short requests leave few objects, a large answer makes hundreds of thousands: with these numbers a collection of the first
# generation takes about a millisecond, of the second ten, and there is hardly one of the third.
_GC_THRESHOLDS = (5_000, 10, 100)


@dataclass(frozen=True)
class Worker:
    threads: int
    grace: int
    telemetry: Telemetry
    probed: Probed | None


class WorkerServer(uvicorn.Server):
    """Ends running calls on SIGTERM while it answers new ones with 503, instead of refusing their connections."""

    def __init__(self, config: uvicorn.Config, worker: Worker) -> None:
        super().__init__(config)
        self._worker = worker
        self._stopping_since: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        telemetry.start(self._worker.telemetry)
        anyio.to_thread.current_default_thread_limiter().total_tokens = self._worker.threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_TRANSFER_THREADS, "transfer"))
        await super().startup(sockets)
        if self._worker.probed is not None:
            await readiness.listen(self._worker.probed)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._stopping_since is None:
            self._stopping_since = time.monotonic()
            draining.begin()
        elif sig == signal.SIGTERM:
            self.should_exit = True
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        should_exit = await super().on_tick(counter)
        if self._stopping_since is None:
            return should_exit
        # A second signal, no call left, or no time left.
        return should_exit or not self.server_state.tasks or time.monotonic() - self._stopping_since > self._worker.grace
