import unittest

from mlflow.exceptions import MlflowException

from mlflow_aspire.errors import Failure
from mlflow_aspire.gc.folders import folder_of

RUN = "4f1d7f2a6d5e4c0b9a8877665544332a"


class ArtifactFoldersTest(unittest.TestCase):
    def test_folders_of_the_store(self) -> None:
        for uri, folder in (
            (f"mlflow-artifacts:/1/{RUN}/artifacts", f"1/{RUN}/artifacts"),
            (f"mlflow-artifacts:/1/models/{RUN}/artifacts", f"1/models/{RUN}/artifacts"),
            (f"mlflow-artifacts:/{RUN}/artifacts", f"{RUN}/artifacts"),
            (f"mlflow-artifacts:/team%20a/1/{RUN}/artifacts", f"team a/1/{RUN}/artifacts"),
            (f"mlflow-artifacts:/team//a///{RUN}/artifacts", f"team/a/{RUN}/artifacts"),
        ):
            self.assertEqual(folder_of(RUN, uri), folder)

    def test_what_is_not_in_the_store(self) -> None:
        for uri in (
            f"wasbs://mlflow@account.blob.core.windows.net/1/{RUN}/artifacts",
            f"s3://bucket/1/{RUN}/artifacts",
            f"file:///mnt/artifacts/1/{RUN}/artifacts",
            f"/mnt/artifacts/1/{RUN}/artifacts",
            f"http://stranger.example/api/2.0/mlflow-artifacts/artifacts/1/{RUN}/artifacts",
            f"mlflow-artifacts://stranger.example/1/{RUN}/artifacts",
            f"mlflow-artifacts:/1/{RUN}/artifacts?prefix=2",
            f"mlflow-artifacts:/1/{RUN}/artifacts#2",
        ):
            with self.assertRaisesRegex(Failure, "and the store of this server is mlflow-artifacts:/"):
                folder_of(RUN, uri)

    def test_what_is_somebody_elses(self) -> None:
        for uri in (
            "mlflow-artifacts:/",
            "mlflow-artifacts:",
            "mlflow-artifacts:/artifacts",
            "mlflow-artifacts:/1",
            "mlflow-artifacts:/1/another/artifacts",
            f"mlflow-artifacts:/1/x{RUN}/artifacts",
            f"mlflow-artifacts:/1/{RUN}",
            f"mlflow-artifacts:/1/{RUN}/artifacts/",
            f"mlflow-artifacts:/1/{RUN}/artifacts/folder",
            f"mlflow-artifacts:/./1/{RUN}/artifacts",
            f"mlflow-artifacts:/1%2f%2f2/{RUN}/artifacts",
        ):
            with self.assertRaisesRegex(Failure, "which is not a folder of its own"):
                folder_of(RUN, uri)

    def test_ways_out(self) -> None:
        for way in ("..", "%2e%2e", "%252e%252e", "a/../..", "..%2f.."):
            with self.assertRaisesRegex(MlflowException, "Invalid path"):
                folder_of(RUN, f"mlflow-artifacts:/{way}/{RUN}/artifacts")
