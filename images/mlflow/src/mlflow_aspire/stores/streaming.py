"""Files that go from the client to the store, and back, without a copy on the server: a part of each is in memory at a time."""

import asyncio
import copy
import io
import posixpath
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import StreamUploadMixin
from mlflow.store.artifact.azure_blob_artifact_repo import AzureBlobArtifactRepository

# Azure takes 50,000 parts of a file, S3 10,000.
PART = 8 * 2**20
# A client that reads slowly keeps one or two of these in memory, and there may be hundreds of them.
DOWNLOAD_PART = 2**20
# Each part of a blob is a request to the store. A few downloads at once, which have room for it, take larger ones.
LARGE_DOWNLOAD_PART = 4 * DOWNLOAD_PART

# An upload keeps its place, and a few parts in memory, for as long as its client takes. So there are not too many, and they have threads of their own.
_PLACES = 16
_places = asyncio.Semaphore(_PLACES)
_uploads = ThreadPoolExecutor(_PLACES, "upload")


class StreamingStore(StreamUploadMixin):
    """Lets a store stream, whose repository can."""

    _call: Any
    _call_once: Any

    def log_artifact_from_stream(self, stream: BinaryIO, artifact_file_name: str, artifact_path: str | None = None) -> None:
        path = posixpath.join(artifact_path or "", artifact_file_name)
        reader = io.BufferedReader(_Chain(stream), PART)
        if len(head := reader.read(PART)) < PART:
            self._call("put", path, head)
        else:
            # What has been read from the stream cannot be sent once more.
            self._call_once("put", path, io.BufferedReader(_Chain(io.BytesIO(head), reader), PART))

    async def log_artifact_from_async_stream(self, chunks: AsyncIterable[bytes], artifact_file_name: str, artifact_path: str | None = None) -> None:
        loop = asyncio.get_running_loop()
        path = posixpath.join(artifact_path or "", artifact_file_name)
        async with _places:
            rest = aiter(chunks)
            head = await _first_part(rest)
            if len(head) < PART:
                await loop.run_in_executor(_uploads, self._call, "put", path, head)
                return
            stream = _Chunks(head, rest, loop)
            content = io.BufferedReader(stream, PART)
            del head
            try:
                await loop.run_in_executor(_uploads, self._call_once, "put", path, content)
            except Exception:
                # The fault of the client is not one of the store, whatever the store's library has made of it.
                if stream.failure is not None:
                    raise stream.failure from None
                raise

    def get(self, path: str, part: int = DOWNLOAD_PART) -> tuple[int, Iterator[bytes]]:
        """The size of a file, and its content in parts."""
        return self._call("get", path, part)

    def size(self, path: str) -> int:
        """The size of a file, of which nothing is read."""
        return self._call("size", path)

    def get_range(self, path: str, start: int, stop: int, part: int = DOWNLOAD_PART) -> Iterator[bytes]:
        """The bytes of a file from one up to another one, in parts; no others are read."""
        return self._call("get_range", path, start, stop, part)

    def files(self) -> list[tuple[str, int]]:
        """The path of every file, from the store's root, and its size: one question for thousands instead of one for each folder."""
        return self._call("files")


async def _first_part(chunks: AsyncIterator[bytes]) -> bytes:
    """All of what comes, when it is less than a part. A file that is has one change of threads instead of one for each chunk."""
    part = bytearray()
    while len(part) < PART and (chunk := await anext(chunks, None)) is not None:
        part += chunk
    return bytes(part)


class _Chain(io.RawIOBase):
    """Streams one after the other."""

    def __init__(self, *streams: BinaryIO) -> None:
        self._streams = list(streams)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._streams:
            if content := self._streams[0].read(len(buffer)):
                buffer[: len(content)] = content
                return len(content)
            self._streams.pop(0)
        return 0


class _Chunks(io.RawIOBase):
    """A stream, read in a thread, of what comes on the event loop, which fills what the thread asks for before it changes back."""

    def __init__(self, head: bytes, chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._rest = memoryview(head)
        self._chunks = chunks
        self._loop = loop
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return asyncio.run_coroutine_threadsafe(self._fill(buffer), self._loop).result()
        except Exception as error:
            self.failure = error
            raise

    async def _fill(self, buffer: Any) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                chunk = await anext(self._chunks, None)
                if chunk is None:
                    break
                self._rest = memoryview(chunk)
            piece = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(piece)] = piece
            self._rest = self._rest[len(piece) :]
            filled += len(piece)
        return filled


class StreamingBlobRepository(AzureBlobArtifactRepository):
    """Blocks of a blob that is not complete are nowhere to be seen, and the service removes them."""

    def __init__(self, artifact_uri: str, client: Any = None, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, client, tracking_uri, registry_uri)
        self.client._config.max_block_size = PART

    def put(self, path: str, content: bytes | BinaryIO) -> None:
        # -1 is no limit, as with Google Cloud Storage. Azure's service would refuse the number.
        timeout = None if self.write_timeout == -1 else self.write_timeout
        self._blob(path).upload_blob(content, overwrite=True, timeout=timeout)

    def get(self, path: str, part: int = DOWNLOAD_PART) -> tuple[int, Iterator[bytes]]:
        content = self._in_parts(path, part).download_blob()
        return content.size, content.chunks()

    def size(self, path: str) -> int:
        return self._blob(path).get_blob_properties().size

    def get_range(self, path: str, start: int, stop: int, part: int = DOWNLOAD_PART) -> Iterator[bytes]:
        return self._in_parts(path, part).download_blob(start, stop - start).chunks()

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        container, _, root, _ = self.parse_wasbs_uri(self.artifact_uri)
        if root or path:
            return super().list_artifacts(path)
        # MLflow looks for names that begin with a slash, of which there are none.
        found = self.client.get_container_client(container).walk_blobs()
        return sorted((FileInfo(item.name.rstrip("/"), item.name.endswith("/"), getattr(item, "size", None)) for item in found), key=lambda item: item.path)

    def files(self) -> list[tuple[str, int]]:
        container, _, root, _ = self.parse_wasbs_uri(self.artifact_uri)
        prefix = f"{root}/" if root else ""
        return [(blob.name.removeprefix(prefix), blob.size) for blob in self.client.get_container_client(container).list_blobs(name_starts_with=prefix)]

    def _in_parts(self, path: str, part: int) -> Any:
        blob = self._blob(path)
        blob._config = copy.copy(blob._config)
        # The first one is 32 MiB otherwise.
        blob._config.max_single_get_size = blob._config.max_chunk_get_size = part
        return blob

    def _blob(self, path: str) -> Any:
        container, _, root, _ = self.parse_wasbs_uri(self.artifact_uri)
        return self.client.get_blob_client(container, posixpath.join(root, path))
