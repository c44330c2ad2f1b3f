"""What of a store makes a server not ready."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import anyio
from mlflow.exceptions import MlflowException
from told import told

from mlflow_aspire.server import readiness
from mlflow_aspire.stores import probe
from mlflow_aspire.stores.errors import translate


class StoreProbeTest(unittest.TestCase):
    def problem(self, error: Exception | None) -> str | None:
        store = mock.Mock(**{"list_artifacts.side_effect": translate(error) if error else None})
        with mock.patch.object(probe, "get_artifact_repository", return_value=store):
            return probe.problem("s3://bucket")

    def test_a_store_that_can_be_used(self) -> None:
        self.assertIsNone(self.problem(None))

    def test_what_does_not_pass_by_itself(self) -> None:
        for error, reason in (
            (_status(404), "has no such file or directory"),
            (_status(403), "refuses the MLflow server"),
            (OSError("SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer"), "certificate verify failed"),
        ):
            with self.subTest(reason):
                self.assertIn(reason, self.problem(error))

    def test_an_address_that_mlflow_refuses(self) -> None:
        with mock.patch.object(probe, "get_artifact_repository", side_effect=MlflowException("there is no store for x://")):
            self.assertEqual(probe.problem("x://bucket"), "there is no store for x://")

    def test_a_store_that_is_down_may_come_back(self) -> None:
        for error in (ConnectionRefusedError(111, "Connection refused"), _status(503)):
            self.assertIsNone(self.problem(error))

    def test_a_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(probe.problem(f"{folder}/artifacts"))
            self.assertEqual(list(Path(folder, "artifacts").iterdir()), [])
            Path(folder, "file").touch()
            self.assertRegex(probe.problem(f"file://{folder}/file/artifacts"), "/file/artifacts takes no files: Not a directory$")

    def test_the_server_is_not_ready(self) -> None:
        database = mock.MagicMock()
        database.connect.return_value.__enter__.return_value.scalar.return_value = "off"
        store = mock.Mock(problem="the bucket is gone")
        server = readiness.Readiness(database, store)
        with told() as output:
            for _ in range(2):
                self.assertFalse(anyio.run(server.is_ready))
        self.assertEqual(output.getvalue(), "mlflow-aspire: not ready: the bucket is gone\n")
        store.problem = None
        with told():
            self.assertTrue(anyio.run(server.is_ready))


def _status(code: int) -> Exception:
    error = Exception("the store's answer")
    error.status_code = code
    return error


if __name__ == "__main__":
    unittest.main()
