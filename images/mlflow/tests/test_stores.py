import os
import unittest
from unittest import mock

from botocore.exceptions import ClientError
from google.api_core.exceptions import Forbidden, NotFound, TooManyRequests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.artifact.artifact_repo import ArtifactRepository, MultipartDownloadMixin, MultipartUploadMixin
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from mlflow_aspire.stores import proxied
from mlflow_aspire.stores.errors import translate
from mlflow_aspire.stores.proxied import ProxiedStore

ADDRESSES = ("wasbs://a@b.blob.core.windows.net", "s3://bucket", "gs://bucket", "ftp://host/", "sftp://host/", "hdfs://host/")


def s3_error(status: int) -> ClientError:
    return ClientError({"Error": {"Code": "Some"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


class TranslationTest(unittest.TestCase):
    def test_the_status_says_whose_turn_it_is(self) -> None:
        for error, status in (
            (s3_error(403), 403),
            (s3_error(404), 404),
            (s3_error(400), 400),
            (s3_error(500), 424),
            (Forbidden("no"), 403),
            (NotFound("no"), 404),
            (TooManyRequests("later"), 424),
            (PermissionError("no"), 403),
            (FileNotFoundError("no"), 404),
            (ConnectionRefusedError("no"), 424),
            (EOFError(), 424),
        ):
            with self.subTest(repr(error)):
                problem = translate(error)
                self.assertEqual(status, problem.get_http_status_code())
                self.assertIn(f"{type(error).__name__}: {error}", problem.message)

    def test_the_error_behind_the_error_counts(self) -> None:
        try:
            try:
                raise s3_error(403)
            except ClientError as error:
                raise RuntimeError("Failed to upload") from error
        except RuntimeError as error:
            self.assertEqual(403, translate(error).get_http_status_code())


class Repository(ArtifactRepository):
    """Fails as often as it is told to."""

    opened = 0
    errors: list[Exception] = []

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__("x://host/")
        Repository.opened += 1

    def list_artifacts(self, path: str | None = None) -> list:
        if self.errors:
            raise self.errors.pop(0)
        return []

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None: ...

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None: ...

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        raise ConnectionResetError("gone")


class ProxiedStoreTest(unittest.TestCase):
    def setUp(self) -> None:
        Repository.opened = 0
        Repository.errors = []
        self.enterContext(mock.patch.object(proxied, "_FIRST_PAUSE_SECONDS", 0.001))
        self.store = ProxiedStore(Repository, "x://host/")

    def test_it_is_opened_when_it_is_needed_and_kept(self) -> None:
        self.assertEqual(0, Repository.opened)
        self.store.list_artifacts()
        self.store.list_artifacts()
        self.assertEqual(1, Repository.opened)

    def test_after_a_failure_it_is_opened_again(self) -> None:
        Repository.errors = [ConnectionResetError("gone"), EOFError()]
        self.assertEqual([], self.store.list_artifacts())
        self.assertEqual(3, Repository.opened)

    def test_what_another_try_does_not_help_is_told_at_once(self) -> None:
        Repository.errors = [PermissionError("no")]
        with self.assertRaisesRegex(MlflowException, "The artifact store refuses the MLflow server: PermissionError: no"):
            self.store.list_artifacts()
        self.assertEqual(1, Repository.opened)

    def test_patience_ends(self) -> None:
        with mock.patch.dict(os.environ, {"MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS": "0"}):
            Repository.errors = [ConnectionResetError("gone")] * 100
            with self.assertRaisesRegex(MlflowException, "The artifact store is not available: ConnectionResetError: gone") as raised:
                self.store.list_artifacts()
        self.assertEqual(424, raised.exception.get_http_status_code())

    def test_errors_of_mlflow_pass(self) -> None:
        own = MlflowException("own", RESOURCE_DOES_NOT_EXIST)
        Repository.errors = [own]
        with self.assertRaises(MlflowException) as raised:
            self.store.list_artifacts()
        self.assertIs(own, raised.exception)

    def test_a_download_that_fails_says_why(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS": "0"}))
        with self.assertRaisesRegex(MlflowException, "ConnectionResetError: gone") as raised:
            self.store.download_artifacts("file.txt")
        self.assertEqual(424, raised.exception.get_http_status_code())


class RegistryTest(unittest.TestCase):
    def test_mlflow_takes_these_stores(self) -> None:
        for address in ADDRESSES:
            with self.subTest(address):
                self.assertIsInstance(get_artifact_repository(address), ProxiedStore)

    def test_clients_get_no_urls_of_a_store_by_default(self) -> None:
        for address in ADDRESSES:
            with self.subTest(address):
                self.assertNotIsInstance(get_artifact_repository(address), (MultipartUploadMixin, MultipartDownloadMixin))

    def test_direct_transfer_is_offered_where_the_store_can(self) -> None:
        offers = {"s3": (True, True), "gs": (True, False), "wasbs": (False, False), "ftp": (False, False)}
        with mock.patch.dict(os.environ, {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true"}):
            for address in ADDRESSES:
                scheme = address.partition(":")[0]
                if scheme in offers:
                    with self.subTest(scheme):
                        store = get_artifact_repository(address)
                        self.assertEqual(offers[scheme], (isinstance(store, MultipartUploadMixin), isinstance(store, MultipartDownloadMixin)))


if __name__ == "__main__":
    unittest.main()
