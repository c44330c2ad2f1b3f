"""A store `folder:` that streams, for a server of tests: the folder in FOLDER_STORE. It cannot make copies, and notes in the file `read` what was read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry

from mlflow_aspire.stores.proxied import ProxiedStore
from mlflow_aspire.stores.streaming import StreamingStore

_PART = 2**16


class Repository:
    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self._folder = Path(os.environ["FOLDER_STORE"])

    def put(self, path: str, content: bytes | BinaryIO) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.read())

    def get(self, path: str, part: int) -> tuple[int, Iterator[bytes]]:
        content = (self._folder / path).read_bytes()
        return len(content), self._parts(content, path)

    def size(self, path: str) -> int:
        return (self._folder / path).stat().st_size

    def get_range(self, path: str, start: int, stop: int, part: int) -> Iterator[bytes]:
        return self._parts((self._folder / path).read_bytes()[start:stop], path)

    def _parts(self, content: bytes, path: str) -> Iterator[bytes]:
        for start in range(0, len(content), _PART):
            part = content[start : start + _PART]
            with (self._folder / "read").open("a") as log:
                log.write(f"{path} {len(part)}\n")
            yield part

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        return [FileInfo(f"{path}/{file.name}", file.is_dir(), file.stat().st_size) for file in (self._folder / (path or "")).glob("*")]

    def _is_directory(self, path: str) -> bool:
        return (self._folder / path).is_dir()

    def _download_file(self, *_: Any) -> None:
        raise AssertionError("a copy of the file was asked for")


class Store(ProxiedStore, StreamingStore):
    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(Repository, artifact_uri)


_artifact_repository_registry.register("folder", Store)
