"""Whether a server is ready: 200 at /ready when it works on calls, its database takes writes and its
artifact store can be used; 503 otherwise.

MLflow's own /health tells nothing of the database, and its API asks for sign-in. So each worker answers on a port beside the server's
(MLFLOW_READINESS_PORT), which needs neither and which no ingress leads to.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import uvicorn
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from ..databases import room
from ..errors import Failure, SettingError
from ..settings import Environment
from . import draining, prometheus

if TYPE_CHECKING:
    from ..stores.probe import StoreProbe

_logger = logging.getLogger(__name__)

_PORT = "MLFLOW_READINESS_PORT"

# A probe waits five seconds for the answer.
_THREAD_SECONDS = 2
_DATABASE_SECONDS = 2


def port(environment: Environment) -> int | None:
    """The port, if there is to be one.

    Raises:
        SettingError: the port is wrong.
    """
    value = environment.get(_PORT)
    if not value:
        return None
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise SettingError(_PORT, f"is {value!r}; accepted: a port from 1024 to 65535")
    if value == environment.get("MLFLOW_PORT"):
        raise SettingError(_PORT, f"is {value}, which is the port of the server (MLFLOW_PORT)")
    return int(value)


@dataclass(frozen=True)
class Probed:
    """What probes ask, and what for."""

    listener: socket.socket
    database: str
    destination: str | None = field(repr=False)
    """Of proxied artifacts, if there are any."""
    metrics: bool
    """Whether Prometheus asks as well."""


async def listen(probed: Probed) -> asyncio.Server:
    """Answers probes as long as this process serves."""
    store = _store(probed.destination) if probed.destination is not None else None
    app = Readiness(_database(probed.database), store, prometheus.page if probed.metrics else None)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    return await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),
        sock=probed.listener,
    )


class Readiness:
    """The ASGI app that answers probes, one after the other."""

    def __init__(self, database: Engine, store: "StoreProbe | None" = None, metrics: Callable[[], bytes] | None = None) -> None:
        self._database = database
        self._store = store
        self._metrics = metrics
        self._one = asyncio.Lock()
        self._thread = anyio.CapacityLimiter(1)
        self._last: str | None = "it has not been asked yet"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/metrics" and self._metrics:
            text = await anyio.to_thread.run_sync(self._metrics, limiter=self._thread)
            await Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")(scope, receive, send)
            return
        if scope["path"] == "/ready":
            status = HTTPStatus.OK if await self.is_ready() else HTTPStatus.SERVICE_UNAVAILABLE
        else:
            status = HTTPStatus.NOT_FOUND
        await PlainTextResponse(status.phrase, status)(scope, receive, send)

    async def is_ready(self) -> bool:
        async with self._one:
            found = await self.problem()
            # A line for each change, not for each probe.
            if found != self._last:
                _logger.info("%s", f"not ready: {found}" if found else "ready")
            self._last = found
            return found is None

    async def problem(self) -> str | None:
        """What keeps the server from being ready; None when it is."""
        if draining.stopping():
            return "the server is stopping"
        with anyio.move_on_after(_THREAD_SECONDS) as waiting:
            await anyio.to_thread.run_sync(time.monotonic)
        if waiting.cancelled_caught:
            return f"no thread was free for {_THREAD_SECONDS} s"
        if found := await anyio.to_thread.run_sync(database_problem, self._database, limiter=self._thread):
            return found
        return self._store.problem if self._store else None


def database_problem(database: Engine) -> str | None:
    try:
        with database.connect() as connection:
            # A standby, and the server of a full disk in Azure, only read.
            if connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
                return "the database takes no writes"
        if room.is_short(database):
            return "the disk of the database is full"
    except (SQLAlchemyError, Failure) as error:
        return f"the database does not answer: {' '.join(str(error).split())}"
    return None


def _store(destination: str) -> "StoreProbe":
    """The probe of the store, started."""
    # MLflow reads settings while it is imported.
    from ..stores.probe import StoreProbe

    probe = StoreProbe(destination)
    probe.start()
    return probe


def _database(uri: str) -> Engine:
    # One connection, of which a new one takes its place every few minutes: so it is seen that a sign-in works still.
    return create_engine(
        uri,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=300,
        connect_args={"connect_timeout": _DATABASE_SECONDS, "tcp_user_timeout": 1000 * _DATABASE_SECONDS},
    )
