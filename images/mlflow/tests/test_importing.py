import errno
import os
import sqlite3
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from mlflow.prompt.constants import PROMPT_EXPERIMENT_IDS_TAG_KEY
from told import told

from mlflow_aspire.databases import revisions
from mlflow_aspire.errors import Failure
from mlflow_aspire.importing import command, locations, numbers, rows, source

ROOT = "/home/me/mlruns"
TABLES = """
    CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, artifact_location TEXT, creation_time INTEGER);
    CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, experiment_id INTEGER REFERENCES experiments(experiment_id), artifact_uri TEXT);
    CREATE TABLE metrics (key TEXT, run_uuid TEXT REFERENCES runs(run_uuid));
    CREATE TABLE logged_models (model_id TEXT, experiment_id INTEGER, artifact_location TEXT);
    CREATE TABLE model_versions (name TEXT, source TEXT, storage_location TEXT);
    CREATE TABLE trace_tags (key TEXT, value TEXT, request_id TEXT);
    CREATE TABLE entity_associations (source_type TEXT, source_id TEXT, destination_type TEXT, destination_id TEXT);
    CREATE TABLE registered_model_tags (key TEXT, value TEXT);
"""


class SourceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = sqlite3.connect(self.folder / "mlflow.db", isolation_level=None)
        self.addCleanup(self.database.close)
        self.database.executescript(TABLES)

    def add_experiment(self, number: int, location: str) -> None:
        self.database.execute("INSERT INTO experiments VALUES (?, ?, 0)", (number, location))
        self.database.execute("INSERT INTO runs VALUES (?, ?, ?)", (f"run{number}", number, f"{location}/run{number}/artifacts"))

    def all(self, query: str) -> list:  # type: ignore[type-arg]
        return [row[0] if len(row) == 1 else row for row in self.database.execute(query)]

    def test_every_location_below_the_folder_of_the_experiments_is_of_this_server(self) -> None:
        for root in (ROOT, f"file://{ROOT}", "./mlruns"):
            with self.subTest(root):
                self.database.executescript("".join(f"DELETE FROM {table};" for table in ("experiments", "runs", "logged_models", "model_versions", "trace_tags")))
                self.add_experiment(0, f"{root}/0")
                self.add_experiment(1, f"{root}/1")
                self.database.execute("INSERT INTO logged_models VALUES ('m', 1, ?)", (f"{root}/1/models/m/artifacts",))
                self.database.execute("INSERT INTO model_versions VALUES ('a', ?, ?)", (f"{root}/1/run1/artifacts/model", f"{root}/1/run1/artifacts/model"))
                self.database.execute("INSERT INTO model_versions VALUES ('b', 'models:/m', 'dummy-source')")
                self.database.execute("INSERT INTO trace_tags VALUES ('mlflow.artifactLocation', ?, 't'), ('note', ?, 't')", (f"{root}/1/traces/t/artifacts", f"{root}/1"))
                locations.rewrite(self.database, None)
                self.assertEqual(self.all("SELECT artifact_location FROM experiments"), ["mlflow-artifacts:/0", "mlflow-artifacts:/1"])
                self.assertEqual(self.all("SELECT artifact_uri FROM runs"), ["mlflow-artifacts:/0/run0/artifacts", "mlflow-artifacts:/1/run1/artifacts"])
                self.assertEqual(self.all("SELECT artifact_location FROM logged_models"), ["mlflow-artifacts:/1/models/m/artifacts"])
                self.assertEqual(
                    self.all("SELECT source, storage_location FROM model_versions"),
                    [("mlflow-artifacts:/1/run1/artifacts/model",) * 2, ("models:/m", "dummy-source")],
                )
                self.assertEqual(self.all("SELECT value FROM trace_tags"), ["mlflow-artifacts:/1/traces/t/artifacts", f"{root}/1"])
                self.assertEqual(locations.elsewhere(self.database), 0)

    def test_the_root_that_is_named(self) -> None:
        self.add_experiment(1, "s3://bucket/mlflow/1")
        self.add_experiment(2, "s3://bucket/mlflow-of-others/2")
        locations.rewrite(self.database, "s3://bucket/mlflow/")
        self.assertEqual(self.all("SELECT artifact_location FROM experiments"), ["mlflow-artifacts:/1", "s3://bucket/mlflow-of-others/2"])
        self.assertEqual(locations.elsewhere(self.database), 1)

    def test_a_server_that_has_passed_artifacts_on_has_these_locations(self) -> None:
        self.add_experiment(1, "mlflow-artifacts:/1")
        locations.rewrite(self.database, None)
        self.assertEqual(self.all("SELECT artifact_uri FROM runs"), ["mlflow-artifacts:/1/run1/artifacts"])

    def test_several_folders_need_a_word(self) -> None:
        self.add_experiment(1, f"{ROOT}/1")
        self.add_experiment(2, f"file://{ROOT}/2")
        locations.rewrite(self.database, None)
        self.add_experiment(3, "/home/you/mlruns/3")
        self.add_experiment(4, f"{ROOT}/4")
        with self.assertRaisesRegex(Failure, "several folders .*/home/me/mlruns, /home/you/mlruns.*--artifact-root"):
            locations.rewrite(self.database, None)

    def test_numbers_that_are_too_large(self) -> None:
        large = 939971143968856424
        for number in (0, 7, large):
            self.add_experiment(number, f"{ROOT}/{number}")
        self.database.execute("INSERT INTO entity_associations VALUES ('run', ?, 'experiment', ?)", (str(large), str(large)))
        prompts = [(numbers.PROMPT_EXPERIMENTS, f",7,{large},"), (numbers.PROMPT_EXPERIMENTS, ""), ("other", str(large))]
        self.database.executemany("INSERT INTO registered_model_tags VALUES (?, ?)", prompts)
        locations.rewrite(self.database, None)
        found = numbers.fit(self.database)
        locations.renumber(self.database, found)
        self.assertEqual(found, {str(large): "8"})
        self.assertEqual(self.all("SELECT experiment_id, artifact_uri FROM runs")[-1], (8, f"mlflow-artifacts:/8/run{large}/artifacts"))
        self.assertEqual(self.all("SELECT artifact_location FROM experiments ORDER BY 1"), ["mlflow-artifacts:/0", "mlflow-artifacts:/7", "mlflow-artifacts:/8"])
        self.assertEqual(self.all("SELECT source_id, destination_id FROM entity_associations"), [(str(large), "8")])
        self.assertEqual(self.all("SELECT value FROM registered_model_tags"), [",7,8,", "", str(large)])
        self.assertEqual(numbers.PROMPT_EXPERIMENTS, PROMPT_EXPERIMENT_IDS_TAG_KEY)
        self.assertEqual(command._renamed(f"{large}/run/artifacts/a", found), "8/run/artifacts/a")
        self.assertEqual(command._renamed("7/run/artifacts/a", found), "7/run/artifacts/a")

    def test_rows_that_point_at_nothing(self) -> None:
        self.add_experiment(1, f"{ROOT}/1")
        self.database.execute("INSERT INTO runs VALUES ('orphan', 9, 'x')")
        self.database.execute("INSERT INTO metrics VALUES ('a', 'run1'), ('b', 'orphan'), ('c', 'missing')")
        self.assertEqual(source.orphans(self.database), {"runs": 1, "metrics": 2})
        self.assertEqual((self.all("SELECT run_uuid FROM runs"), self.all("SELECT key FROM metrics")), (["run1"], ["a"]))

    def test_other_databases(self) -> None:
        target = self.folder / "copy.db"
        other = self.folder / "other.db"
        other.write_bytes(b"no database" * 100)
        for path, problem in ((self.folder / "mlflow.db", "no such table: alembic_version"), (other, "not a database")):
            with self.subTest(path), told(), self.assertRaisesRegex(Failure, f"{path} is no SQLite database of an MLflow server: .*{problem}"):
                source.LocalSource(path, self.folder).copy(target)
            target.unlink(missing_ok=True)
        self.database.executescript("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('newer')")
        with told(), self.assertRaisesRegex(Failure, "is at revision newer, which mlflow .* does not know: import it with the image of a newer version"):
            source.LocalSource(self.folder / "mlflow.db", self.folder).copy(target)

    def test_a_migration_that_fails_is_told(self) -> None:
        head = revisions.read("tracking").head
        self.database.executescript(f"CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('{head}')")
        with patch.object(source.subprocess, "run") as run, told(), self.assertRaisesRegex(Failure, "MLflow's own migration ended with exit code 3"):
            run.return_value.returncode = 3
            source.LocalSource(self.folder / "mlflow.db", self.folder).copy(self.folder / "copy.db")


class ArtifactsTest(unittest.TestCase):
    def test_files_of_runs_models_and_traces(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for path in (
            "1/meta.yaml",
            "1/run/meta.yaml",
            "1/run/metrics/loss",
            "1/run/artifacts/a b/ü.txt",
            "1/models/m/artifacts/MLmodel",
            ".trash/2/run/artifacts/old.txt",
            "models/registered/meta.yaml",
        ):
            (folder / "mlruns" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "mlruns" / path).touch()
        (folder / "mlruns/1/run/artifacts/link").symlink_to("/etc/hostname")
        os.mkfifo(folder / "mlruns/1/run/artifacts/pipe")
        expected = ["1/models/m/artifacts/MLmodel", "1/run/artifacts/a b/ü.txt", "2/run/artifacts/old.txt"]
        for root in (folder, folder / "mlruns"):
            self.assertEqual(sorted(file.path for file in source.artifacts(root)), expected)

    def test_a_link_that_leads_out_of_a_file_store(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "1/run/params").mkdir(parents=True)
        (folder / "1/run/artifacts").symlink_to("/etc")
        (folder / "1/run/params/a").touch()
        (folder / "1/run/params/b").symlink_to("a")
        source._check_links(folder)
        for link, target in (("1/run/params/c", "/proc/self/environ"), ("2", "/etc"), ("1/run/params/c", "../../../../etc/hostname")):
            with self.subTest(target), self.assertRaisesRegex(Failure, f"{link} is a link that leads out of"):
                (folder / link).symlink_to(target)
                try:
                    source._check_links(folder)
                finally:
                    (folder / link).unlink()

    def test_a_folder_that_cannot_be_read(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "1").mkdir()
        # Whoever may read everything is refused here as well.
        with patch.object(source.os, "scandir", side_effect=PermissionError(13, "Permission denied", "1")), self.assertRaisesRegex(Failure, "^1 cannot be read: Permission denied"):
            source.artifacts(folder)

    def test_they_are_named_beside_a_database(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        database = folder / "mlflow.db"
        for artifacts, problem in ((None, "mlflow.db is not there"), (folder, "mlflow.db is not there")):
            with self.assertRaisesRegex(Failure, problem):
                command._source(str(database), artifacts, None, deleted=False)
        database.touch()
        with self.assertRaisesRegex(Failure, "name the folder of its artifacts with --artifacts"):
            command._source(str(database), None, None, deleted=False)
        with self.assertRaisesRegex(Failure, "is no folder"):
            command._source(str(database), database, None, deleted=False)
        for origin, artifacts in ((database, folder), (folder, None)):
            self.assertEqual(command._source(str(origin), artifacts, None, deleted=False).artifacts(), [])


class RoomTest(unittest.TestCase):
    def test_a_full_disk_of_the_copy(self) -> None:
        for error in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), sqlite3.OperationalError("database or disk is full")):
            with self.subTest(error), self.assertRaisesRegex(Failure, "has no room for a copy of the source's rows. Nothing was changed"):
                with command._room():
                    raise error
        with self.assertRaisesRegex(sqlite3.OperationalError, "no such table"):
            with command._room():
                raise sqlite3.OperationalError("no such table: runs")


class RowTest(unittest.TestCase):
    def test_text_that_is_none(self) -> None:
        database = sqlite3.connect(":memory:")
        self.addCleanup(database.close)
        database.execute("CREATE TABLE experiments AS SELECT CAST(x'ff41' AS TEXT) AS name")
        with self.assertRaisesRegex(Failure, "^the source cannot be read: Could not decode to UTF-8 .*The database is as it was$"):
            list(rows._batches(database, "SELECT name FROM experiments"))

    def test_a_row_is_as_copy_reads_it(self) -> None:
        self.assertEqual(rows._line((1, None, 0.1, "a\tb\\n\nc\r", b"\x00\xff", "")), b"1\t\\N\t0.1\ta\\tb\\\\n\\nc\\r\t\\\\x00ff\t\n")
