"""A store whose contents go through the server."""

import os
import threading
import time
from typing import Any

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import ErrorCode
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from . import patience
from .errors import StoreError, is_transient, translate

_FIRST_PAUSE_SECONDS = 0.25


class ProxiedStore(ArtifactRepository):
    """Does all with one of MLflow's repositories, opened when it is needed and again after a failure, and translates its errors."""

    def __init__(self, kind: type[ArtifactRepository], artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._kind = kind
        self._repository: ArtifactRepository | None = None
        self._opening = threading.Lock()

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        self._call("log_artifact", local_file, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        self._call("log_artifacts", local_dir, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        return self._call("list_artifacts", path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        self._call("delete_artifacts", artifact_path)

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        try:
            return super().download_artifacts(artifact_path, dst_path)
        except MlflowException as error:
            # MLflow gathers the errors of the files in one of its own.
            raise StoreError(error.message, ErrorCode.Value(error.error_code)) from error

    def _is_directory(self, artifact_path: str) -> bool:
        return self._call("_is_directory", artifact_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self._call("_download_file", remote_file_path, local_path)

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        # MLflow makes stores, and tells them nothing but their address.
        end = time.monotonic() + patience(os.environ)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._call_once(method, *arguments, **options)
            except StoreError as problem:
                if not is_transient(problem) or time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause *= 2

    def _call_once(self, method: str, *arguments: Any, **options: Any) -> Any:
        repository = None
        try:
            repository = self._open()
            return getattr(repository, method)(*arguments, **options)
        except MlflowException:
            raise
        except Exception as error:
            # Connections that it holds may be dead.
            self._forget(repository)
            raise translate(error) from error

    def _open(self) -> ArtifactRepository:
        with self._opening:
            if self._repository is None:
                self._repository = self._kind(self.artifact_uri, tracking_uri=self.tracking_uri, registry_uri=self.registry_uri)
            return self._repository

    def _forget(self, repository: ArtifactRepository | None) -> None:
        with self._opening:
            # Another thread may have opened a new one already.
            if self._repository is repository:
                self._repository = None
