"""Archives as blobs, with the server's own way to sign in to storage."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobBlock, BlobClient
from mlflow.store.artifact.azure_blob_artifact_repo import AzureBlobArtifactRepository

from ..errors import Failure

# Azure takes 50,000 parts of a blob.
_PART = 32 * 2**20


@contextmanager
def new_blob(uri: str) -> Iterator[Any]:
    """A blob that is there when it is complete: the parts of one that is given up are nowhere to be seen, and the service removes them.

    Raises:
        Failure: there is such a blob already, or it cannot be written.
    """
    blob = _client(uri)
    with _errors(uri, "written"):
        if blob.exists():
            raise Failure(f"{uri} exists already; a backup replaces no other blob")
        writer = _Writer(blob)
        yield writer
        writer.end()


@contextmanager
def open_blob(uri: str) -> Iterator[IO[bytes]]:
    """A blob as a file to read, of which a part is in memory at a time.

    Raises:
        Failure: it cannot be read.
    """
    with _errors(uri, "read"), io.BufferedReader(_Reader(_client(uri)), _PART) as stream:
        yield stream


def blobs_in(uri: str) -> list[tuple[str, int]]:
    """The names and the sizes of the blobs in a folder of a container.

    Raises:
        Failure: it cannot be read.
    """
    repository, container, path = _parts(uri)
    folder = f"{path.rstrip('/')}/" if path else ""
    with _errors(uri, "read"):
        found = repository.client.get_container_client(container).list_blobs(name_starts_with=folder)
        return [(name, blob.size) for blob in found if "/" not in (name := blob.name.removeprefix(folder))]


def _client(uri: str) -> BlobClient:
    repository, container, path = _parts(uri)
    return repository.client.get_blob_client(container, path)


def _parts(uri: str) -> tuple[AzureBlobArtifactRepository, str, str]:
    container, _, path, _ = AzureBlobArtifactRepository.parse_wasbs_uri(uri)
    return AzureBlobArtifactRepository(uri), container, path


@contextmanager
def _errors(uri: str, what: str) -> Iterator[None]:
    try:
        yield
    except ResourceExistsError as error:
        raise Failure(f"{uri} exists already; a backup replaces no other blob") from error
    except AzureError as error:
        raise Failure(f"{uri} cannot be {what}: {error.message}") from error


class _Writer:
    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob
        self._rest = bytearray()
        self._parts: list[BlobBlock] = []

    def write(self, data: bytes) -> int:
        self._rest += data
        while len(self._rest) >= _PART:
            self._stage(_PART)
        return len(data)

    def flush(self) -> None:
        """A part is sent when it is full."""

    def end(self) -> None:
        if self._rest:
            self._stage(len(self._rest))
        self._blob.commit_block_list(self._parts, match_condition=MatchConditions.IfMissing)

    def _stage(self, size: int) -> None:
        # All names of parts are of one length.
        name = base64.b64encode(f"{len(self._parts):06}".encode()).decode()
        self._blob.stage_block(name, bytes(self._rest[:size]))
        del self._rest[:size]
        self._parts.append(BlobBlock(name))


class _Reader(io.RawIOBase):
    def __init__(self, blob: BlobClient) -> None:
        properties = blob.get_blob_properties()
        self._blob = blob
        self._size = properties.size
        # All parts are of the same blob, whatever becomes of its name.
        self._same = {"etag": properties.etag, "match_condition": MatchConditions.IfNotModified}
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:
        size = max(0, min(len(buffer), self._size - self._position))
        if size:
            buffer[:size] = self._blob.download_blob(self._position, size, **self._same).readall()
            self._position += size
        return size
