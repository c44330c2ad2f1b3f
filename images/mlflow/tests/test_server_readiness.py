"""Readiness: what a probe is answered while the database comes and goes, threads are short and the server stops."""

import asyncio
import socket
import unittest
from http import HTTPStatus
from unittest import mock

import anyio.to_thread
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from mlflow_aspire.databases import room
from mlflow_aspire.databases.faults import translate
from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import draining, readiness


def database(read_only: str = "off") -> Engine:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, record: connection.create_function("current_setting", 1, lambda name: read_only))
    return engine


class ReadinessTest(unittest.IsolatedAsyncioTestCase):
    async def _ask(self, database: Engine, path: str = "/ready") -> int:
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        await readiness.Readiness(database)({"type": "http", "method": "GET", "path": path, "headers": []}, mock.AsyncMock(), send)
        return int(sent[0]["status"])

    async def test_ready_when_the_database_answers(self) -> None:
        self.assertEqual(await self._ask(database()), HTTPStatus.OK)

    async def test_not_ready_without_the_database(self) -> None:
        nowhere = create_engine("postgresql+psycopg2://mlflow@127.0.0.1:1/mlflow", connect_args={"connect_timeout": 1})
        self.assertEqual(await self._ask(nowhere), HTTPStatus.SERVICE_UNAVAILABLE)
        self.assertRegex(str(readiness.database_problem(nowhere)), "^the database does not answer: .*Connection refused")

    async def test_not_ready_with_a_database_that_only_reads(self) -> None:
        self.assertEqual(await self._ask(database("on")), HTTPStatus.SERVICE_UNAVAILABLE)
        self.assertEqual(readiness.database_problem(database("on")), "the database takes no writes")

    async def test_not_ready_while_the_disk_of_the_database_is_full(self) -> None:
        full = DBAPIError("", None, mock.Mock(pgcode=room.DISK_FULL))
        self.assertEqual(translate(full).get_http_status_code(), HTTPStatus.SERVICE_UNAVAILABLE)
        self.addCleanup(room._full.__setitem__, 0, 0)
        engine = database()
        event.listen(engine, "connect", lambda connection, record: connection.execute("CREATE TABLE numbers (number)"))
        for statement, problem in (("CREATE TEMPORARY TABLE a AS SELECT * FROM numbers", None), ("SELECT full_disk()", "the disk of the database is full")):
            room.note()
            with self.subTest(problem), mock.patch.object(room, "_WRITE", text(statement)):
                event.listen(engine, "handle_error", lambda context: setattr(context.original_exception, "pgcode", room.DISK_FULL))
                self.assertEqual(readiness.database_problem(engine), problem)
        room._full[0] = 0
        self.assertIsNone(readiness.database_problem(engine))

    async def test_not_ready_while_all_threads_are_busy(self) -> None:
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        with mock.patch.object(readiness, "_THREAD_SECONDS", 0.1):
            await limiter.acquire_on_behalf_of("a call")
            self.assertEqual(await self._ask(database()), HTTPStatus.SERVICE_UNAVAILABLE)
            limiter.release_on_behalf_of("a call")
            self.assertEqual(await self._ask(database()), HTTPStatus.OK)

    async def test_not_ready_while_the_server_stops(self) -> None:
        with mock.patch.object(draining, "_stopping", True):
            self.assertEqual(await self._ask(database()), HTTPStatus.SERVICE_UNAVAILABLE)

    async def test_nothing_else_is_answered(self) -> None:
        self.assertEqual(await self._ask(database(), "/health"), HTTPStatus.NOT_FOUND)

    async def test_it_listens_beside_the_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener, mock.patch.object(readiness, "_database", lambda uri: database()):
            server = await readiness.listen(readiness.Probed(listener, "not used", None, metrics=False))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            self.assertTrue((await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 200 OK"))
            writer.close()
            server.close()


class PortTest(unittest.TestCase):
    def test_it_is_optional(self) -> None:
        self.assertIsNone(readiness.port({"MLFLOW_READINESS_PORT": ""}))
        self.assertEqual(readiness.port({"MLFLOW_READINESS_PORT": "5001", "MLFLOW_PORT": "5000"}), 5001)

    def test_wrong_port_is_named(self) -> None:
        for value in ("http", "80", "65536", "5000"):
            with self.assertRaisesRegex(SettingError, f"^MLFLOW_READINESS_PORT is .*{value}"):
                readiness.port({"MLFLOW_READINESS_PORT": value, "MLFLOW_PORT": "5000"})


if __name__ == "__main__":
    unittest.main()
