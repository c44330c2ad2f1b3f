"""MLflow's store on Google Cloud Storage, whose library does not try for longer than MLflow's client waits."""

import os
from collections.abc import Iterable
from typing import Any

from google.api_core.retry import Retry
from google.cloud.storage import Blob, Bucket
from google.cloud.storage.retry import DEFAULT_RETRY
from mlflow.store.artifact.gcs_artifact_repo import GCSArtifactRepository

from . import patience


class GcsRepository(GCSArtifactRepository):
    def _get_bucket(self, bucket: str) -> Bucket:
        return _Bucket(self.client, bucket)


class _Bucket(Bucket):
    def blob(self, blob_name: str, chunk_size: int | None = None) -> Blob:
        return _Blob(blob_name, self, chunk_size=chunk_size)

    def list_blobs(self, **options: Any) -> Iterable[Blob]:
        return super().list_blobs(retry=_retry(), **options)


class _Blob(Blob):
    def upload_from_filename(self, filename: str, **options: Any) -> None:
        super().upload_from_filename(filename, retry=_retry(), **options)

    def download_to_filename(self, filename: str, **options: Any) -> None:
        super().download_to_filename(filename, retry=_retry(), **options)


def _retry() -> Retry:
    # The library's own is two minutes. MLflow makes stores, and tells them nothing but their address.
    return DEFAULT_RETRY.with_timeout(float(patience(os.environ)))
