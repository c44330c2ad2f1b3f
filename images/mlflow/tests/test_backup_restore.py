import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from mlflow_aspire.backup import restore as module
from mlflow_aspire.errors import Failure, SettingError

SETTINGS = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@db/mlflow", "MLFLOW_SERVE_ARTIFACTS": "false"}


class ChoiceTest(unittest.TestCase):
    """Which archive is restored, and whether in place of what is there."""

    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        for name in ("mlflow-20260131T120000Z.zip", "mlflow-20260201T000000Z.zip"):
            Path(self.folder, name).touch()

    def restore(self, source: str | None, replace: bool = False, **environment: str) -> tuple[str, bool]:
        chosen: list[tuple[str, bool]] = []

        @contextmanager
        def opened(name: str):  # type: ignore[no-untyped-def]
            yield name

        with (
            patch.object(module.places, "open_archive", opened),
            patch.object(module, "Archive", side_effect=lambda stream, name: name),
            patch.object(module, "_restore", side_effect=lambda deployment, archive, replace: chosen.append((archive, replace))),
        ):
            module.restore(module.read({**SETTINGS, **environment}, source, replace))
        return chosen[0]

    def test_the_one_that_is_named(self) -> None:
        for place in ("/elsewhere/a.zip", "wasbs://backups@account.blob.core.windows.net/a.zip"):
            self.assertEqual(self.restore(place, MLFLOW_BACKUP_DESTINATION=self.folder, MLFLOW_RESTORE_ARCHIVE="b.zip"), (place, False))
        self.assertEqual(self.restore("a.zip"), ("a.zip", False))
        self.assertEqual(self.restore(None, MLFLOW_BACKUP_DESTINATION=self.folder, MLFLOW_RESTORE_ARCHIVE="b.zip"), (f"{self.folder}/b.zip", False))

    def test_the_latest_backup(self) -> None:
        self.assertEqual(self.restore(None, MLFLOW_BACKUP_DESTINATION=self.folder), (f"{self.folder}/mlflow-20260201T000000Z.zip", False))
        with self.assertRaisesRegex(Failure, "has no backup"):
            self.restore(None, MLFLOW_BACKUP_DESTINATION=tempfile.mkdtemp(dir=self.folder))
        with self.assertRaisesRegex(SettingError, "^MLFLOW_BACKUP_DESTINATION is not set"):
            self.restore(None)

    def test_nothing_is_replaced_unless_asked(self) -> None:
        self.assertTrue(self.restore("/a.zip", replace=True)[1])
        self.assertTrue(self.restore("/a.zip", MLFLOW_RESTORE_REPLACE="true")[1])
        self.assertFalse(self.restore("/a.zip", MLFLOW_RESTORE_REPLACE="false")[1])
        with self.assertRaisesRegex(SettingError, "^MLFLOW_RESTORE_REPLACE is 'yes'"):
            self.restore("/a.zip", MLFLOW_RESTORE_REPLACE="yes")
