import io
import logging
import signal
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest.mock import patch

from mlflow_aspire import log
from mlflow_aspire.backup.places import archives, latest, new_archive, new_file, open_archive, read
from mlflow_aspire.errors import Failure, SettingError

BLOBS = "wasbs://artifacts@account.blob.core.windows.net"


class CheckTest(unittest.TestCase):
    def test_places(self) -> None:
        for place in ("-", "/backups", "backup.zip", "wasbs://backups@account.blob.core.windows.net", f"{BLOBS}/backups/backup.zip"):
            with self.subTest(place):
                read({"MLFLOW_ARTIFACTS_DESTINATION": f"{BLOBS}/mlflow"}).check(place)

    def test_others(self) -> None:
        for place in ("s3://bucket/folder", "wasbs://container@server/x", "https://account.blob.core.windows.net/container"):
            with self.subTest(place), self.assertRaisesRegex(SettingError, "^MLFLOW_BACKUP_DESTINATION or the argument is '.*'; accepted: a path, or wasbs://"):
                read({}).check(place)

    def test_no_place_within_the_artifact_store(self) -> None:
        for place, store in (
            (BLOBS, BLOBS),
            (f"{BLOBS}/backups", f"{BLOBS}/"),
            ("/mnt/artifacts/backups/", "/mnt/artifacts"),
            ("/mnt/artifacts/../artifacts/backup.zip", "file:///mnt/artifacts/"),
        ):
            with self.subTest(place), self.assertRaisesRegex(SettingError, "is within the artifact store"):
                read({"MLFLOW_ARTIFACTS_DESTINATION": store}).check(place)
        for place, store in (("/mnt/artifacts-of-others", "/mnt/artifacts"), (f"{BLOBS}/mlflow-backups", f"{BLOBS}/mlflow"), ("/backups", "s3://backups")):
            with self.subTest(place):
                read({"MLFLOW_ARTIFACTS_DESTINATION": store}).check(place)


class FileTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "backup.zip"

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def test_it_has_its_name_when_it_is_complete(self) -> None:
        with new_file(self.path) as stream:
            stream.write(b"x")
            self.assertEqual(self.names(), ["backup.zip.partial"])
        self.assertEqual(self.names(), ["backup.zip"])

    def test_the_latest_backup(self) -> None:
        with self.assertRaisesRegex(Failure, "has no backup. Nothing was changed$"):
            latest(str(self.folder))
        later = "mlflow-20260301T000000Z-before-migration.zip"
        for name in ("mlflow-20260131T120000Z.zip", "mlflow-20260201T000000Z.zip", later, "mlflow-20260401T000000Z.zip.partial", "other.zip"):
            (self.folder / name).write_bytes(b"x")
        self.assertEqual(latest(f"{self.folder}/"), f"{self.folder}/mlflow-20260201T000000Z.zip")
        names = [name for name, size in archives(str(self.folder)) if size == 1]
        self.assertEqual(names, ["other.zip", later, "mlflow-20260201T000000Z.zip", "mlflow-20260131T120000Z.zip"])
        with self.assertRaisesRegex(Failure, "cannot be read: No such file"):
            archives(f"{self.folder}/elsewhere")

    def test_an_interruption_leaves_nothing(self) -> None:
        with self.assertRaises(SystemExit), new_file(self.path) as stream:
            stream.write(b"x")
            raise SystemExit(128 + signal.SIGTERM)
        self.assertEqual(self.names(), [])

    def test_no_other_file_is_replaced(self) -> None:
        self.path.write_bytes(b"other")
        with self.assertRaisesRegex(Failure, "exists already"), new_file(self.path):
            self.fail("it was opened")
        self.assertEqual(self.path.read_bytes(), b"other")

    def test_a_folder_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(Failure, "cannot be written: No such file or directory"), new_file(self.folder / "missing" / "backup.zip"):
            self.fail("it was opened")

    def test_a_folder_gets_an_archive_with_the_name(self) -> None:
        with new_archive(str(self.folder), "mlflow-now.zip") as (stream, name):
            stream.write(b"x")
        self.assertEqual(name, str(self.folder / "mlflow-now.zip"))
        self.assertEqual(self.names(), ["mlflow-now.zip"])

    def test_a_folder_that_is_not_mounted(self) -> None:
        with self.assertRaisesRegex(Failure, "backups is no folder, and no name of an archive, which ends with .zip$"), new_archive(str(self.folder / "backups"), "mlflow-now.zip"):
            self.fail("it was opened")
        self.assertEqual(self.names(), [])

    def test_standard_output_has_only_the_archive(self) -> None:
        log.configure()
        output, errors = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with patch.object(sys, "stdout", output), redirect_stderr(errors), new_archive("-", "mlflow-now.zip") as (stream, name):
            stream.write(b"x")
            logging.getLogger(new_archive.__module__).info("progress")
        self.assertEqual((output.buffer.getvalue(), errors.getvalue(), name), (b"x", "mlflow-aspire: progress\nmlflow-aspire: backup complete: standard output\n", "standard output"))

    def test_an_archive_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(Failure, "missing.zip cannot be read: No such file or directory"), open_archive(str(self.folder / "missing.zip")):
            self.fail("it was opened")
