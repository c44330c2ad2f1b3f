"""Files that stream, by all routes that files take."""

import asyncio
import errno
import os
import shutil
import socket
import sqlite3
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore, Semaphore
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from serving import ServerTest

from mlflow_aspire.guard import transfers
from mlflow_aspire.guard.bodies import Limits
from mlflow_aspire.guard.requests import Requests

SIZE = 300_000
# What sockets hold back is a few megabytes of it.
LARGE = 40 * 2**20


class DownloadTest(ServerTest):
    """The store of this server cannot make copies."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.settings = {**cls.settings, "PREPARATION": "folder_store", "FOLDER_STORE": folder, "_MLFLOW_SERVER_ARTIFACT_DESTINATION": "folder://store"}
        super().setUpClass()
        cls.content = os.urandom(SIZE)
        run = cls.server.done("", "POST", "2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        model = cls.server.done("", "POST", "2.0/mlflow/logged-models", {"experiment_id": "0", "name": "m"})["model"]["info"]["model_id"]
        cls.file = f"2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/weights.bin"
        cls.server.done("", "PUT", cls.file, data=cls.content)
        cls.server.done("", "PUT", cls.file.replace("weights", "large"), data=bytes(LARGE))
        cls.server.done("", "PUT", f"2.0/mlflow-artifacts/artifacts/0/models/{model}/artifacts/weights.bin", data=cls.content)
        cls.server.done("", "POST", "2.0/mlflow/registered-models/create", {"name": "m"})
        cls.server.done("", "POST", "2.0/mlflow/model-versions/create", {"name": "m", "source": f"mlflow-artifacts:/0/{run}/artifacts", "run_id": run})
        cls.routes = (
            f"/api/{cls.file}",
            f"/ajax-api/{cls.file}",
            f"/get-artifact?run_id={run}&path=weights.bin",
            "/model-versions/get-artifact?name=m&version=1&path=weights.bin",
            f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files?artifact_file_path=weights.bin",
        )

    def test_no_route_makes_a_copy(self) -> None:
        for route in self.routes:
            with self.subTest(route):
                answer = self.server.call("", "GET", route)
                self.assertEqual((answer.status_code, answer.content), (200, self.content), answer.text[:500])
                self.assertEqual(answer.headers["content-length"], str(SIZE))
                self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
                self.assertIn("attachment; filename=weights.bin", answer.headers["content-disposition"])

    def read(self) -> int:
        """How many bytes of files have been read."""
        log = Path(self.folder, "read")
        return sum(int(line.split()[-1]) for line in log.read_text().splitlines()) if log.exists() else 0

    def test_a_file_is_read_no_further_when_its_client_has_gone(self) -> None:
        address = urlsplit(self.server.address)
        for route in self.routes[0], self.routes[2]:
            with self.subTest(route):
                before = self.read()
                with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
                    connection.sendall(f"GET {route.replace('weights', 'large')} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
                    self.assertIn(b" 200 ", connection.recv(1000))
                    self._wait_until_nothing_is_read()
                self._wait_until_nothing_is_read()
                self.assertLess(self.read() - before, LARGE // 2)

    def _wait_until_nothing_is_read(self) -> None:
        read = -1
        while read != (read := self.read()):
            time.sleep(0.5)

    def test_the_head_of_a_file_is_not_the_file(self) -> None:
        before = self.read()
        for route in (self.routes[0], *self.routes[2:]):
            with self.subTest(route):
                answer = self.server.call("", "HEAD", route)
                self.assertEqual((answer.status_code, answer.headers["content-length"], answer.content), (200, str(SIZE), b""))
        self.assertEqual(self.read(), before)

    def test_a_part_of_a_file(self) -> None:
        for given, first, end in (("0-9", 0, 10), ("70000-200000", 70_000, 200_001), ("299990-", 299_990, SIZE), ("-5", SIZE - 5, SIZE)):
            for route in self.routes:
                with self.subTest(route=route, range=given):
                    before = self.read()
                    answer = self.server.call("", "GET", route, headers={"Range": f"bytes={given}"})
                    self.assertEqual((answer.status_code, answer.content), (206, self.content[first:end]))
                    self.assertEqual(answer.headers["content-range"], f"bytes {first}-{end - 1}/{SIZE}")
                    self.assertEqual(self.read() - before, end - first)

    def test_a_part_that_a_file_does_not_have(self) -> None:
        for route in self.routes:
            with self.subTest(route):
                answer = self.server.call("", "GET", route, headers={"Range": f"bytes={SIZE}-"})
                self.assertEqual((answer.status_code, answer.headers["content-range"]), (416, f"bytes */{SIZE}"))

    def test_a_part_of_a_file_that_may_have_changed_is_all_of_it(self) -> None:
        for route in self.routes:
            with self.subTest(route):
                answer = self.server.call("", "GET", route, headers={"Range": "bytes=0-9", "If-Range": '"a tag of before"'})
                self.assertEqual((answer.status_code, answer.content), (200, self.content))

    def test_rows_that_name_a_folder_of_the_server(self) -> None:
        done = self.server.done
        run = done("", "POST", "2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        model = done("", "POST", "2.0/mlflow/logged-models", {"experiment_id": "0", "name": "m"})["model"]["info"]["model_id"]
        done("", "POST", "2.0/mlflow/registered-models/create", {"name": "imported"})
        done("", "POST", "2.0/mlflow/model-versions/create", {"name": "imported", "source": f"runs:/{run}/x", "run_id": run})
        routes = (
            f"/get-artifact?run_id={run}&path=environ",
            f"/api/2.0/mlflow/artifacts/list?run_id={run}",
            "/model-versions/get-artifact?name=imported&version=1&path=environ",
            f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files?artifact_file_path=environ",
            f"/api/2.0/mlflow/logged-models/{model}/artifacts/directories",
        )
        for folder in ("/proc/self", "file:///proc/self", f"{self.server.folder}/../../proc/self"):
            # As an import or a restore brings them.
            with sqlite3.connect(self.server.folder / "runs.db") as database:
                database.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (folder, run))
                database.execute("UPDATE logged_models SET artifact_location = ? WHERE model_id = ?", (folder, model))
                database.execute("UPDATE model_versions SET storage_location = ? WHERE name = 'imported'", (folder,))
            for route in routes:
                with self.subTest(folder=folder, route=route):
                    answer = self.server.call("", "GET", route)
                    self.assertEqual((answer.status_code, answer.json()["error_code"]), (404, "RESOURCE_DOES_NOT_EXIST"), answer.text[:300])

    def test_a_file_that_is_not_there(self) -> None:
        for route in self.routes:
            with self.subTest(route):
                self.assertEqual(self.server.call("", "GET", route.replace("weights.bin", "none.bin")).status_code, 404)


class AheadTest(unittest.TestCase):
    """A part is asked for while the client takes the one before, for a few clients at once."""

    def read(self, taken: int) -> tuple[list[bytes], int]:
        """What a client has got that takes so many parts of four and then leaves, and how many parts have been read by then."""
        read: list[bytes] = []

        def parts() -> Iterator[bytes]:
            for part in (b"two", b"three", b"four"):
                read.append(part)
                yield part

        async def take() -> list[bytes]:
            answer = transfers._in_threads(b"one", parts(), transfers._Room.take())
            got = [await anext(answer) for _ in range(taken)]
            await asyncio.sleep(0.1)
            await answer.aclose()
            return got

        return asyncio.run(take()), len(read)

    def test_one_part_ahead(self) -> None:
        self.assertEqual(self.read(1), ([b"one"], 1))
        self.assertEqual(self.read(4), ([b"one", b"two", b"three", b"four"], 3))

    def test_no_part_ahead_without_room(self) -> None:
        with mock.patch.object(transfers._Room, "_free", Semaphore(0)):
            self.assertEqual(self.read(1), ([b"one"], 0))
            self.assertEqual(self.read(4), ([b"one", b"two", b"three", b"four"], 3))

    def test_room_is_given_back(self) -> None:
        with mock.patch.object(transfers._Room, "_free", BoundedSemaphore(1)):
            for _ in range(3):
                self.assertEqual(self.read(1)[1], 1)
            room = transfers._Room.take()
            self.assertIsNone(transfers._Room.take())
            # An answer that nobody begins to read.
            answer = transfers._in_threads(b"one", iter(()), room)
            del room, answer
            self.assertIsNotNone(transfers._Room.take())


class PrefixTest(ServerTest):
    settings = {"MLFLOW_STATIC_PREFIX": "/below/here", "_MLFLOW_STATIC_PREFIX": "/below/here", "MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES": "1"}

    def test_an_upload_is_on_disk_before_its_end(self) -> None:
        address = urlsplit(self.server.address)
        for api in ("api", "ajax-api"):
            with self.subTest(api), socket.create_connection((address.hostname, address.port), timeout=30) as connection:
                path = f"/below/here/{api}/2.0/mlflow-artifacts/artifacts/0/{api}.bin"
                connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n".encode() + bytes(SIZE - 1))
                self._wait_for_half()
                connection.sendall(b"x")
                self.assertIn(b" 200 ", connection.recv(20))
                self.assertEqual(self.server.done("", "GET", path), bytes(SIZE - 1) + b"x")

    def test_what_is_refused_without_it(self) -> None:
        for path, status in (("a%5cb", 400), ("..%2fx", 400), ("a?b", 400)):
            self.assertEqual(self.server.call("", "PUT", f"/below/here/api/2.0/mlflow-artifacts/artifacts/{path}", data=b"x").status_code, status, path)
        self.assertEqual(self.server.call("", "PUT", "/below/here/api/2.0/mlflow-artifacts/artifacts/large", data=bytes(2**20 + 1)).status_code, 413)

    def _wait_for_half(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            # The other upload is SIZE by now, and what is written has not been flushed to its end.
            files = [file for folder in (self.server.temporary, self.server.artifacts) for file in folder.rglob("*") if file.is_file()]
            if any(SIZE // 2 < file.stat().st_size < SIZE for file in files):
                return
            time.sleep(0.05)
        raise AssertionError(f"nothing of the upload is on disk: {self.server.log()[-2000:]}")


class PrefixedRightsTest(ServerTest):
    sign_in = "basic"
    settings = PrefixTest.settings

    def test_a_prefix_gives_no_rights(self) -> None:
        experiment = self.server.done("owner", "POST", "/below/here/api/2.0/mlflow/experiments/create", {"name": "owned"})["experiment_id"]
        path = f"/below/here/api/2.0/mlflow-artifacts/artifacts/{experiment}/file"
        self.assertEqual(self.server.call("stranger", "PUT", path, data=b"x").status_code, 403)
        self.server.done("owner", "PUT", path, data=b"x")
        self.assertEqual(self.server.call("stranger", "GET", path).status_code, 403)
        self.assertEqual(self.server.done("owner", "GET", path), b"x")


class FullDiskTest(unittest.IsolatedAsyncioTestCase):
    async def test_it_is_told(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        path = "/api/2.0/mlflow-artifacts/artifacts/file"
        scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
        await Requests(app, Limits(1, 1), (), "")(scope, None, send)
        self.assertEqual(sent[0]["status"], 507)
        self.assertIn(b"no room for the file: No space left on device", sent[1]["body"])


if __name__ == "__main__":
    unittest.main()
