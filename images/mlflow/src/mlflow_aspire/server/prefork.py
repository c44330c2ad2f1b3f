"""Several workers: gunicorn as their parent, which has imported everything and forks them, so that they share its memory and start in no time.

It starts a worker again that has died. It would also end one whose event loop has not moved for a while, which on a busy machine is no sign of death.
"""

import gc
import logging
import os
import random
import sys
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from uvicorn.workers import UvicornWorker

from ..databases.entra import credential
from . import patches
from .worker import Worker, WorkerServer

_logger = logging.getLogger(__name__)

# Ten probes of a container, which would end all of its workers.
_HANG_SECONDS = 120
_MEMORY = "/dev/shm"


def run(options: dict[str, Any], workers: int, worker: Worker) -> None:
    """Serves until SIGTERM. `options` are those of uvicorn.Config."""
    generators = patches.objects_of(random.Random)
    patches.dispose_engines()
    # A collection writes to each object that it looks at, and what is written to is shared no longer.
    gc.freeze()
    server_options = {name: value for name, value in options.items() if name not in ("app", "host", "port", "log_config")}

    class ForkedWorker(UvicornWorker):
        CONFIG_KWARGS = server_options

        async def _serve(self) -> None:
            self.config.app = self.wsgi
            server = WorkerServer(self.config, worker)
            self._install_sigquit_handler()
            await server.serve(sockets=self.sockets)
            if not server.started:
                sys.exit(Arbiter.WORKER_BOOT_ERROR)

    class Workers(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"{options['host']}:{options['port']}")
            self.cfg.set("workers", workers)
            self.cfg.set("worker_class", ForkedWorker)
            self.cfg.set("preload_app", True)
            self.cfg.set("timeout", _HANG_SECONDS)
            self.cfg.set("graceful_timeout", worker.grace + 5)
            # A sign of life is a change to a file's time, which on a disk can take longer than it should.
            self.cfg.set("worker_tmp_dir", _MEMORY if os.access(_MEMORY, os.W_OK) else None)
            if options["access_log"]:
                self.cfg.set("accesslog", "-")
            self.cfg.set("pre_fork", _check_threads)
            self.cfg.set("post_fork", lambda arbiter, forked: _part(generators))

        def load(self) -> Any:
            return options["app"]

    Workers().run()


def _check_threads(arbiter: Arbiter, worker: UvicornWorker) -> None:
    # A lock that another thread holds is held for ever in the child.
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others:
        _logger.error("threads are alive while a worker is forked: %s", ", ".join(others))


def _part(generators: list[random.Random]) -> None:
    """Parts what a worker must not have in common with others: random numbers, and connections to the identity endpoint."""
    for generator in generators:
        generator.seed()
    credential.cache_clear()
