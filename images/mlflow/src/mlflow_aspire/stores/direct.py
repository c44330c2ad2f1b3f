"""Direct transfer between clients and a store by presigned URLs."""

import os
from typing import Any

from mlflow.entities.multipart_upload import CreateMultipartUploadResponse, MultipartUploadPart
from mlflow.entities.presigned_download import PresignedDownloadUrlResponse
from mlflow.store.artifact.artifact_repo import MultipartDownloadMixin, MultipartUploadMixin

from ..settings import flag

SETTING = "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"


def direct_transfer() -> bool:
    """Whether clients reach the store. MLflow reads this variable only in clients; a server of this image reads it as well, where MLflow makes a store."""
    return flag(os.environ, SETTING, False)


class DirectUploads(MultipartUploadMixin):
    """Parts of large files go from the client to the store."""

    _call: Any

    def create_multipart_upload(self, local_file: str, num_parts: int = 1, artifact_path: str | None = None) -> CreateMultipartUploadResponse:
        return self._call("create_multipart_upload", local_file, num_parts, artifact_path)

    def complete_multipart_upload(
        self, local_file: str, upload_id: str, parts: list[MultipartUploadPart] | None = None, artifact_path: str | None = None
    ) -> None:
        self._call("complete_multipart_upload", local_file, upload_id, parts, artifact_path)

    def abort_multipart_upload(self, local_file: str, upload_id: str, artifact_path: str | None = None) -> None:
        self._call("abort_multipart_upload", local_file, upload_id, artifact_path)


class DirectDownloads(MultipartDownloadMixin):
    """Files go from the store to the client."""

    _call: Any

    def get_download_presigned_url(self, artifact_path: str, expiration: int = 300) -> PresignedDownloadUrlResponse:
        return self._call("get_download_presigned_url", artifact_path, expiration)
