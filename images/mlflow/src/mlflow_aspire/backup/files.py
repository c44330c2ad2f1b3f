"""The files of an artifact store, all of them, of every store that the server takes."""

import io
import posixpath
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

# MLflow's list of stores loads those of this package. Before it is complete they cannot be loaded from here.
from mlflow.store.artifact import artifact_repository_registry  # noqa: F401
from mlflow.store.artifact.artifact_repo import ArtifactRepository, StreamUploadMixin
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from ..ahead import ahead
from ..errors import Failure
from ..stores.errors import translate
from ..stores.staging import STAGING
from ..stores.streaming import StreamingStore

# Most files are small, and a store takes its time for each: several are on the way at once, in memory. A larger one goes by itself, in parts.
_AT_ONCE = 8
_SMALL = 4 * 2**20

# A NUL ends the name of an archive's member, and halves of characters stand for what was no Unicode.
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")

_MISSING = ErrorCode.Name(RESOURCE_DOES_NOT_EXIST)

File = tuple[str, int]
"""The path of a file from the store's root, and its size in bytes."""


class Files:
    def __init__(self, store: ArtifactRepository) -> None:
        self._store = store
        # Others have one connection, or a file on this machine for each that is on the way.
        self._at_once = _AT_ONCE if isinstance(store, (StreamingStore, LocalArtifactRepository)) else 1

    def all(self) -> list[File]:
        return self._store.files() if isinstance(self._store, StreamingStore) else list(self._walk(""))

    def read(self, files: Iterable[File]) -> Iterator[tuple[str, IO[bytes] | None]]:
        """Opens one file after the other, to be read before the next; None for one that has been removed meanwhile."""
        for (path, size), content in ahead(lambda file: self._small(file) if file[1] <= _SMALL else None, files, self._at_once):
            if size <= _SMALL:
                yield path, content and io.BytesIO(content[0])
                continue
            try:
                with self._open(path) as stream:
                    yield path, stream
            except MlflowException as error:
                if error.error_code != _MISSING:
                    raise
                yield path, None

    def write(self, files: Iterable[File], archive_open: Callable[[str], IO[bytes]]) -> Iterator[File]:
        """Puts files into the store, and gives each when it is there."""
        with ThreadPoolExecutor(self._at_once) as pool:
            waiting: deque[tuple[File, Future[None]]] = deque()
            for file in files:
                path, size = file
                with archive_open(path) as stream:
                    if size > _SMALL:
                        self._put(path, stream)
                        yield file
                        continue
                    waiting.append((file, pool.submit(self._put, path, io.BytesIO(stream.read()))))
                if len(waiting) > self._at_once:
                    yield _done(waiting.popleft())
            while waiting:
                yield _done(waiting.popleft())

    def _small(self, file: File) -> tuple[bytes] | None:
        try:
            with self._open(file[0]) as stream:
                return (stream.read(),)
        except MlflowException as error:
            if error.error_code != _MISSING:
                raise
            return None

    @contextmanager
    def _open(self, path: str) -> Iterator[IO[bytes]]:
        if isinstance(self._store, StreamingStore):
            _, parts = self._store.get(path)
            yield io.BufferedReader(_Parts(parts))
        elif isinstance(self._store, LocalArtifactRepository):
            with open(self._store.get_local_path(path), "rb") as file:
                yield file
        else:
            with tempfile.TemporaryDirectory() as folder:
                with open(self._store.download_artifacts(path, folder), "rb") as file:
                    yield file

    def _put(self, path: str, stream: IO[bytes]) -> None:
        try:
            self._put_stream(path, stream)
        except OSError as error:
            # A folder takes fewer names than other stores, and none below that of a file.
            raise translate(error) from error

    def _put_stream(self, path: str, stream: IO[bytes]) -> None:
        folder, name = posixpath.split(path)
        if isinstance(self._store, StreamUploadMixin):
            self._store.log_artifact_from_stream(stream, name, folder or None)
            return
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary, name)
            with file.open("wb") as target:
                while block := stream.read(2**20):
                    target.write(block)
            self._store.log_artifact(str(file), folder or None)

    def _walk(self, folder: str) -> Iterator[File]:
        for entry in self._store.list_artifacts(folder or None):
            if not entry.is_dir:
                yield entry.path, entry.file_size or 0
            elif posixpath.basename(entry.path) != STAGING:
                yield from self._walk(entry.path)


def check_paths(files: Iterable[File], source: str) -> None:
    """Sees that each name of a source can be that of a file in a store, and leads out of none.

    Raises:
        Failure: one cannot.
    """
    for path, _ in files:
        if not is_name(path):
            raise Failure(f"{source} has a file that is none of an artifact store: {path!r}. Nothing was changed")


def is_name(path: str) -> bool:
    """Whether every store can have a file of this name. Blob storage and S3 take others, such as `a/../b`, of which a server serves none."""
    return not any(part in ("", ".", "..") for part in path.split("/")) and not _UNWRITABLE.search(path)


def _done(waiting: tuple[File, Future[None]]) -> File:
    file, end = waiting
    end.result()
    return file


class _Parts(io.RawIOBase):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
