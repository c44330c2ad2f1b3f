import asyncio
import io
import tracemalloc
import unittest
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest import mock

from azure.storage.blob import BlobClient, BlobPrefix, BlobServiceClient

from mlflow_aspire.stores.errors import StoreError
from mlflow_aspire.stores.proxied import ProxiedStore
from mlflow_aspire.stores.s3_repository import StreamingS3Repository
from mlflow_aspire.stores.streaming import DOWNLOAD_PART, StreamingBlobRepository, StreamingStore

PART = 8 * 2**20


class Repository:
    """Keeps what it gets whole."""

    files: dict[str, bytes] = {}
    failures = 0
    largest_read = 0

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        pass

    def put(self, path: str, content: bytes | BinaryIO) -> None:
        if Repository.failures:
            Repository.failures -= 1
            raise ConnectionError("the store is away")
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        parts = []
        while part := stream.read(PART):
            Repository.largest_read = max(Repository.largest_read, len(part))
            parts.append(part)
        Repository.files[path] = b"".join(parts)


class Store(ProxiedStore, StreamingStore):
    pass


class ClientLeft(Exception):
    pass


async def chunks(size: int, left_after: int | None = None) -> AsyncIterator[bytes]:
    for number in range(size // 2**16):
        if number == left_after:
            raise ClientLeft
        yield bytes([number % 251]) * 2**16
    yield b""
    yield b"end"


class BlobTimeoutTest(unittest.TestCase):
    def test_minus_one_is_no_limit(self) -> None:
        for setting, timeout in (("-1", None), ("60", 60)):
            with self.subTest(setting), mock.patch.dict("os.environ", MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT=setting):
                client = mock.MagicMock()
                StreamingBlobRepository("wasbs://container@account.blob.core.windows.net", client).put("file", b"content")
                upload = client.get_blob_client.return_value.upload_blob
                self.assertEqual(upload.call_args.kwargs["timeout"], timeout)


class RootTest(unittest.TestCase):
    def test_what_is_at_the_root_of_a_container_is_listed(self) -> None:
        client = mock.MagicMock()
        blobs = [SimpleNamespace(name="readme.txt", size=5), BlobPrefix(prefix="1/", name="1/")]
        client.get_container_client.return_value.walk_blobs = lambda name_starts_with="": [blob for blob in blobs if blob.name.startswith(name_starts_with)]
        found = StreamingBlobRepository("wasbs://container@account.blob.core.windows.net", client).list_artifacts()
        self.assertEqual([(file.path, file.is_dir, file.file_size) for file in found], [("1", True, None), ("readme.txt", False, 5)])


class RangeTest(unittest.TestCase):
    """Ranges begin with a number and end before one; those of stores are written in other ways."""

    def test_of_a_blob(self) -> None:
        client = mock.MagicMock()
        blob = client.get_blob_client.return_value
        blob.get_blob_properties.return_value.size = 5_000
        store = StreamingBlobRepository("wasbs://container@account.blob.core.windows.net/root", client)
        self.assertEqual(store.size("a/file"), 5_000)
        blob.download_blob.assert_not_called()
        self.assertIs(store.get_range("a/file", 4_000, 4_010), blob.download_blob.return_value.chunks.return_value)
        blob.download_blob.assert_called_once_with(4_000, 10)
        client.get_blob_client.assert_called_with("container", "root/a/file")

    def test_parts_of_a_blob_are_as_large_as_is_asked_for(self) -> None:
        client = BlobServiceClient("https://account.blob.core.windows.net")
        store = StreamingBlobRepository("wasbs://container@account.blob.core.windows.net", client)
        sizes = []

        def download(blob: BlobClient, *_: Any) -> Any:
            sizes.append((blob._config.max_single_get_size, blob._config.max_chunk_get_size))
            return mock.MagicMock()

        with mock.patch.object(BlobClient, "download_blob", download):
            store.get("file")
            store.get("file", 2 * DOWNLOAD_PART)
            store.get_range("file", 0, 10)
        self.assertEqual(sizes, [(size, size) for size in (DOWNLOAD_PART, 2 * DOWNLOAD_PART, DOWNLOAD_PART)])

    def test_of_an_object(self) -> None:
        store = StreamingS3Repository("s3://bucket/root")
        with mock.patch.object(store, "_get_s3_client") as client:
            client.return_value.head_object.return_value = {"ContentLength": 5_000}
            self.assertEqual(store.size("a/file"), 5_000)
            client.return_value.head_object.assert_called_once_with(Bucket="bucket", Key="root/a/file")
            store.get_range("a/file", 4_000, 4_010)
            client.return_value.get_object.assert_called_once_with(Bucket="bucket", Key="root/a/file", Range="bytes=4000-4009")


class StreamingTest(unittest.TestCase):
    def setUp(self) -> None:
        Repository.files, Repository.failures, Repository.largest_read = {}, 0, 0
        self.store = Store(Repository, "fake://store")

    def upload(self, content: AsyncIterator[bytes], **path: Any) -> None:
        asyncio.run(self.store.log_artifact_from_async_stream(content, "file", **path))

    def test_files_of_all_sizes(self) -> None:
        for size in (0, 2**16, PART - 2**16, PART, 5 * PART + 2**17):
            with self.subTest(size):
                self.upload(chunks(size), artifact_path="a/b")
                self.assertEqual(Repository.files["a/b/file"], b"".join(bytes([number % 251]) * 2**16 for number in range(size // 2**16)) + b"end")
                self.assertLessEqual(Repository.largest_read, PART)

    def test_threads_change_once_for_a_part(self) -> None:
        with mock.patch.object(asyncio, "run_coroutine_threadsafe", wraps=asyncio.run_coroutine_threadsafe) as changes:
            self.upload(chunks(5 * PART))
        self.assertLess(changes.call_count, 10)

    def test_a_client_that_sends_little_at_a_time_takes_no_more_memory_than_the_file(self) -> None:
        async def pairs() -> AsyncIterator[bytes]:
            for number in range(200_000):
                yield number.to_bytes(2, "big") if number < 2**16 else b"ab"

        tracemalloc.start()
        try:
            self.upload(pairs())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertEqual(len(Repository.files["file"]), 400_000)
        self.assertLess(peak, 4_000_000)

    def test_a_client_that_leaves_leaves_nothing(self) -> None:
        for left_after in (0, 1, 127, 129, 300):
            with self.subTest(left_after), self.assertRaises(ClientLeft):
                self.upload(chunks(5 * PART, left_after))
        self.assertEqual(Repository.files, {})

    def test_a_store_that_is_away_for_a_moment(self) -> None:
        Repository.failures = 2
        self.upload(chunks(2**16))
        self.assertIn("file", Repository.files)

    def test_what_has_been_read_is_not_sent_again(self) -> None:
        Repository.failures = 1
        with self.assertRaisesRegex(StoreError, "not available"):
            self.upload(chunks(2 * PART))
        self.assertEqual(Repository.files, {})

    def test_clients_that_stand_still_stop_nothing_else(self) -> None:
        async def still() -> AsyncIterator[bytes]:
            yield b"begin"
            await asyncio.sleep(60)

        async def others() -> int:
            uploads = [asyncio.create_task(self.store.log_artifact_from_async_stream(still(), f"file-{number}")) for number in range(40)]
            await asyncio.sleep(0.5)
            try:
                return await asyncio.wait_for(asyncio.to_thread(lambda: 5), 20)
            finally:
                for upload in uploads:
                    upload.cancel()
                await asyncio.gather(*uploads, return_exceptions=True)

        self.assertEqual(asyncio.run(others()), 5)

    def test_a_stream_of_flask(self) -> None:
        self.store.log_artifact_from_stream(io.BytesIO(b"content"), "file")
        self.assertEqual(Repository.files, {"file": b"content"})
