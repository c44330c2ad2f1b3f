"""MLflow's S3 store with files that go through in parts."""

import io
import posixpath
from collections.abc import Iterator
from mimetypes import guess_type
from typing import BinaryIO

from boto3.s3.transfer import TransferConfig
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

from .streaming import DOWNLOAD_PART, PART


class StreamingS3Repository(S3ArtifactRepository):
    """An upload in parts that is given up is aborted."""

    def put(self, path: str, content: bytes | BinaryIO) -> None:
        bucket, key = self._object(path)
        kind, encoding = guess_type(path)
        arguments = {"ContentType": kind, "ContentEncoding": encoding, **self._bucket_owner_params, **(self.get_s3_file_upload_extra_args() or {})}
        self._get_s3_client().upload_fileobj(
            io.BytesIO(content) if isinstance(content, bytes) else content,
            bucket,
            key,
            ExtraArgs={name: value for name, value in arguments.items() if value is not None},
            # With threads it keeps ten parts in memory.
            Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False),
        )

    def get(self, path: str, part: int = DOWNLOAD_PART) -> tuple[int, Iterator[bytes]]:
        bucket, key = self._object(path)
        content = self._get_s3_client().get_object(Bucket=bucket, Key=key, **self._bucket_owner_params)
        return content["ContentLength"], content["Body"].iter_chunks(part)

    def size(self, path: str) -> int:
        bucket, key = self._object(path)
        return self._get_s3_client().head_object(Bucket=bucket, Key=key, **self._bucket_owner_params)["ContentLength"]

    def get_range(self, path: str, start: int, stop: int, part: int = DOWNLOAD_PART) -> Iterator[bytes]:
        bucket, key = self._object(path)
        content = self._get_s3_client().get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{stop - 1}", **self._bucket_owner_params)
        return content["Body"].iter_chunks(part)

    def files(self) -> list[tuple[str, int]]:
        bucket, root = self.parse_s3_compliant_uri(self.artifact_uri)
        prefix = f"{root}/" if root else ""
        pages = self._get_s3_client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **self._bucket_owner_params)
        # Consoles make empty objects that stand for folders.
        found = ((item["Key"], item["Size"]) for page in pages for item in page.get("Contents", ()))
        return [(key.removeprefix(prefix), size) for key, size in found if not key.endswith("/")]

    def _object(self, path: str) -> tuple[str, str]:
        bucket, root = self.parse_s3_compliant_uri(self.artifact_uri)
        return bucket, posixpath.join(root, path)
