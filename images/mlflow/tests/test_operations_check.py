import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from told import told

from mlflow_aspire.errors import Failure
from mlflow_aspire.operations import check as module
from mlflow_aspire.stores import opening

SETTINGS = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me:secret@db/mlflow", "MLFLOW_APP_NAME": "basic-auth", "MLFLOW_AUTH_DATABASE_URI": "postgresql://db/users"}


class CheckTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(patch.object(opening, "_check_mounted"))

    def check(self, database, **settings: str) -> str:  # type: ignore[no-untyped-def]
        with patch.object(module, "_check_database", side_effect=database), told() as output:
            module.check(module.read({**SETTINGS, "MLFLOW_ARTIFACTS_DESTINATION": self.folder, **settings}))
        return output.getvalue()

    def test_the_store_is_named_only_by_its_kind(self) -> None:
        self.assertEqual(self.check(lambda *_: None), "mlflow-aspire: MLFLOW_ARTIFACTS_DESTINATION: the artifact store answers (a folder)\n")
        output = self.check(lambda *_: None, MLFLOW_ARTIFACTS_DESTINATION=f"file://{self.folder}")
        self.assertEqual(output, "mlflow-aspire: MLFLOW_ARTIFACTS_DESTINATION: the artifact store answers (file)\n")

    def test_a_server_without_a_store(self) -> None:
        self.assertEqual(self.check(lambda *_: None, MLFLOW_SERVE_ARTIFACTS="false"), "")

    def test_archives_are_listed_the_latest_first(self) -> None:
        backups = Path(self.enterContext(tempfile.TemporaryDirectory()))
        settings = {"MLFLOW_SERVE_ARTIFACTS": "false", "MLFLOW_BACKUP_DESTINATION": str(backups)}
        self.assertEqual(self.check(lambda *_: None, **settings), "mlflow-aspire: MLFLOW_BACKUP_DESTINATION: archives: 0\n")
        for day in range(1, 13):
            (backups / f"mlflow-202601{day:02}T000000Z.zip").write_bytes(b"x" * day)
        lines = self.check(lambda *_: None, **settings).splitlines()
        self.assertEqual(lines[0], "mlflow-aspire: MLFLOW_BACKUP_DESTINATION: archives: 12, the latest:")
        self.assertEqual(lines[1], "mlflow-aspire:   mlflow-20260112T000000Z.zip, 12 bytes")
        self.assertEqual(len(lines), 11)
        with self.assertRaisesRegex(Failure, "^/backups/missing cannot be read"):
            self.check(lambda *_: None, **{**settings, "MLFLOW_BACKUP_DESTINATION": "/backups/missing"})

    def test_all_that_is_wrong_is_told(self) -> None:
        def database(schema, limit: int) -> None:  # type: ignore[no-untyped-def]
            raise Failure(f"{schema.setting}: it does not answer")

        with self.assertRaises(Failure) as caught:
            self.check(database, MLFLOW_ARTIFACTS_DESTINATION="/proc/artifacts")
        problems = str(caught.exception).split("; ")
        self.assertEqual(problems[:2], ["MLFLOW_BACKEND_STORE_URI: it does not answer", "MLFLOW_AUTH_DATABASE_URI: it does not answer"])
        self.assertRegex(problems[2], "^MLFLOW_ARTIFACTS_DESTINATION: ")
        self.assertEqual(len(problems), 3)
