import unittest
from importlib.metadata import EntryPoint
from unittest import mock

from mlflow_aspire import stores
from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import export
from mlflow_aspire.stores import DESTINATION

CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
ACCESS_KEY = "AZURE_STORAGE_ACCESS_KEY"
CONTAINER = "wasbs://artifacts@account.blob.core.windows.net"


class DestinationTest(unittest.TestCase):
    def test_the_stores_of_mlflow(self) -> None:
        others = ("s3://bucket", "gs://bucket/path", "ftp://me@host/path", "file:///mnt/artifacts", "/mnt/artifacts")
        for destination in (CONTAINER, f"{CONTAINER}/path", *others):
            with self.subTest(destination):
                stores.read({DESTINATION: destination})

    def test_anything_else(self) -> None:
        for destination in ("artifacts", "https://account.blob.core.windows.net/artifacts", "S3://bucket"):
            with self.subTest(destination), self.assertRaisesRegex(SettingError, f"^{DESTINATION} is of no known store; accepted: wasbs://, s3://"):
                stores.read({DESTINATION: destination})

    def test_a_store_that_a_package_brings(self) -> None:
        plugin = EntryPoint("oss", "package:Store", "mlflow.artifact_repository")
        with mock.patch.object(stores, "entry_points", return_value=[plugin]) as found:
            stores.read({DESTINATION: "oss://bucket/models"})
        found.assert_called_once_with(group="mlflow.artifact_repository")

    def test_a_wrong_limit_for_a_store_that_does_not_answer(self) -> None:
        problem = "^MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS is 'long'; accepted: a whole number of seconds, 0 to 999999"
        with self.assertRaisesRegex(SettingError, problem):
            stores.read({DESTINATION: "s3://bucket", "MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS": "long"})

    def test_the_form_of_a_container(self) -> None:
        for destination in (
            "wasbs://artifacts",
            "wasbs://artifacts@account",
            "wasbs://account.blob.core.windows.net/artifacts",
            "wasbs://a@b.blob.core.windows.net.evil",
        ):
            with self.subTest(destination), self.assertRaisesRegex(SettingError, f"^{DESTINATION} is '{destination}'; accepted: wasbs://<container>@<account>"):
                stores.read({DESTINATION: destination})

    def test_it_is_needed_unless_artifacts_are_not_proxied(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^{DESTINATION} is not set"):
            stores.read({})
        self.assertIsNone(stores.read({"MLFLOW_SERVE_ARTIFACTS": "false"}).destination)
        self.assertIsNone(stores.read({"MLFLOW_SERVE_ARTIFACTS": "false", DESTINATION: "s3://bucket"}).destination)

    def test_a_password_in_it_is_not_shown(self) -> None:
        store = stores.read({DESTINATION: "ftp://me:secret@host/artifacts", "MLFLOW_SFTP_PRIVATE_KEY": "secret"})
        self.assertEqual(store.destination, "ftp://me:secret@host/artifacts")
        self.assertNotIn("secret", repr(store))


class BlobCredentialsTest(unittest.TestCase):
    def test_one_or_none(self) -> None:
        for credentials in ({}, {CONNECTION_STRING: "x"}, {ACCESS_KEY: "x"}):
            with self.subTest(credentials):
                stores.read({DESTINATION: CONTAINER, **credentials})

    def test_two_at_once_are_both_named(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^{CONNECTION_STRING} and {ACCESS_KEY} are both set"):
            stores.read({DESTINATION: CONTAINER, CONNECTION_STRING: "x", ACCESS_KEY: "y"})

    def test_an_empty_one_does_not_count_and_does_not_reach_mlflow(self) -> None:
        environment = {DESTINATION: CONTAINER, CONNECTION_STRING: "", ACCESS_KEY: "y"}
        export(environment, [stores.read(environment)])
        self.assertEqual(environment, {DESTINATION: CONTAINER, ACCESS_KEY: "y"})
