import os
import tempfile
import unittest
from datetime import timedelta
from unittest.mock import patch

from mlflow_aspire.errors import Failure
from mlflow_aspire.gc.command import gc, read

DATABASE = "postgresql://me@127.0.0.1:9/mlflow"


class GcTest(unittest.TestCase):
    """What is wrong with a store is found out before anything is removed."""

    def assert_failure(self, destination: str, problem: str) -> None:
        environment = {"MLFLOW_BACKEND_STORE_URI": DATABASE, "MLFLOW_ARTIFACTS_DESTINATION": destination}
        at_once = patch.dict(os.environ, {"MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS": "0"})
        with at_once, patch("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore") as store:
            with self.assertRaisesRegex(Failure, f"^MLFLOW_ARTIFACTS_DESTINATION: {problem}"):
                gc(read(environment), timedelta(0))
        store.assert_not_called()

    def test_a_store_that_is_down(self) -> None:
        self.assert_failure("ftp://me@127.0.0.1:9/artifacts", "the artifact store cannot be used: .*Connection refused")

    def test_a_folder_that_is_not_mounted(self) -> None:
        for destination in ("/home/mlflow", "file:///home/mlflow", "/home/missing", "file:///mnt/artifacts"):
            with self.subTest(destination):
                self.assert_failure(destination, "there is nothing mounted at /")

    def test_a_folder_below_a_mount(self) -> None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            environment = {"MLFLOW_BACKEND_STORE_URI": DATABASE, "MLFLOW_ARTIFACTS_DESTINATION": f"file://{folder}", "MLFLOW_DATABASE_TIMEOUT_SECONDS": "0"}
            with self.assertRaisesRegex(Failure, "^MLFLOW_BACKEND_STORE_URI: the database did not answer within 0 s"):
                gc(read(environment), timedelta(0))
