import contextlib
import io
import tempfile
import unittest
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock, patch

from mlflow.entities import LifecycleStage, ViewType
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.time import get_current_time_millis

from mlflow_aspire.errors import Failure
from mlflow_aspire.garbage import Garbage

ALL = timedelta(0)


class GarbageTest(unittest.TestCase):
    """On real stores: MLflow's own, in a file and in a folder."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.store = SqlAlchemyStore(f"sqlite:///{cls.folder}/mlflow.db", "mlflow-artifacts:/")
        cls.addClassCleanup(cls.store.engine.dispose)
        cls.artifacts = get_artifact_repository(f"file://{cls.folder}/artifacts")

    def setUp(self) -> None:
        self.experiment = self.store.create_experiment(self.id())

    def run_with(self, artifact: str | None, experiment: str | None = None, deleted: bool = True) -> tuple[str, Path]:
        info = self.store.create_run(experiment or self.experiment, "me", get_current_time_millis(), [], "run").info
        folder = self.folder_at(info.artifact_uri)
        if artifact is not None:
            (folder / artifact).parent.mkdir(parents=True, exist_ok=True)
            (folder / artifact).write_text("content")
        if deleted:
            self.store.delete_run(info.run_id)
        return info.run_id, folder

    def folder_at(self, uri: str) -> Path:
        return self.folder / "artifacts" / uri.removeprefix("mlflow-artifacts:/")

    def runs(self) -> set[str]:
        return {run.info.run_id for run in self.store.search_runs([self.experiment], "", ViewType.ALL)}

    def collect(self, older_than: timedelta = ALL, artifacts: ArtifactRepository | None = None) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(output):
            Garbage(self.store, artifacts or self.artifacts).collect(older_than)
        return output.getvalue()

    def test_deleted_runs_and_nothing_else(self) -> None:
        kept, kept_folder = self.run_with("a/b.txt", deleted=False)
        _, folder = self.run_with("a/b.txt")
        self.run_with(None)
        self.assertIn("removed runs: 2, logged models: 0, experiments: 0", self.collect())
        self.assertEqual(self.runs(), {kept})
        self.assertTrue((kept_folder / "a/b.txt").is_file())
        self.assertFalse(folder.exists())

    def test_a_store_that_cannot_remove_nothing(self) -> None:
        empty, _ = self.run_with(None)
        artifacts = Mock(**{"list_artifacts.return_value": [], "delete_artifacts.side_effect": RuntimeError("No such file or directory")})
        self.assertIn(f"run {empty} removed", self.collect(artifacts=artifacts))

    def test_a_failure_is_named_and_stops_nothing_else(self) -> None:
        bad, bad_folder = self.run_with("a.txt")
        _, folder = self.run_with("a.txt")

        remove = self.artifacts.delete_artifacts

        def delete(path: str) -> None:
            if bad in path:
                raise RuntimeError("the store is angry")
            remove(path)

        output = io.StringIO()
        with patch.object(self.artifacts, "delete_artifacts", delete), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            with self.assertRaisesRegex(Failure, f"^1 could not be removed: run {bad}$"):
                Garbage(self.store, self.artifacts).collect(ALL)
        self.assertIn(f"run {bad} is kept: the store is angry", output.getvalue())
        self.assertEqual(self.runs(), {bad})
        self.assertFalse(folder.exists())
        self.collect()
        self.assertFalse(bad_folder.exists())

    def test_young_ones_stay(self) -> None:
        run, _ = self.run_with("a.txt")
        self.store.delete_experiment(self.experiment)
        self.assertIn("removed runs: 0, logged models: 0, experiments: 0", self.collect(timedelta(hours=1)))
        self.assertEqual(self.runs(), {run})
        self.assertIn("removed runs: 1, logged models: 0, experiments: 1", self.collect())

    def test_deleted_experiments_with_their_runs(self) -> None:
        _, folder = self.run_with("a.txt", deleted=False)
        self.store.delete_experiment(self.experiment)
        self.assertIn(f"experiment {self.experiment} removed", self.collect())
        self.assertFalse(folder.exists())
        self.assertNotIn(self.experiment, [experiment.experiment_id for experiment in self.store.search_experiments(ViewType.ALL)])

    def test_an_experiment_stays_while_a_run_of_it_does(self) -> None:
        run, _ = self.run_with("a.txt", deleted=False)
        self.store.delete_experiment(self.experiment)
        with self.assertRaises(Failure):
            self.collect(artifacts=Mock(**{"list_artifacts.side_effect": RuntimeError("down")}))
        self.assertEqual(self.runs(), {run})
        self.assertEqual(self.store.get_experiment(self.experiment).lifecycle_stage, LifecycleStage.DELETED)
        self.collect()

    def test_deleted_models(self) -> None:
        kept = self.store.create_logged_model(self.experiment, "kept").model_id
        model = self.store.create_logged_model(self.experiment, "gone")
        folder = self.folder_at(model.artifact_location)
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text("content")
        self.store.delete_logged_model(model.model_id)
        self.assertIn("removed runs: 0, logged models: 1, experiments: 0", self.collect())
        self.assertFalse(folder.exists())
        self.assertEqual([model.model_id for model in self.store.search_logged_models([self.experiment])], [kept])

    def test_a_location_that_leads_to_another_run_takes_nothing_of_it_along(self) -> None:
        victim, victim_folder = self.run_with("a.txt", deleted=False)
        nested = self.store.create_experiment(f"{self.id()} 2", artifact_location=f"mlflow-artifacts:/{self.experiment}/{victim}/artifacts")
        _, folder = self.run_with("b.txt", experiment=nested)
        self.assertTrue(folder.is_relative_to(victim_folder))
        self.collect()
        self.assertFalse(folder.exists())
        self.assertTrue((victim_folder / "a.txt").is_file())

    def test_a_location_outside_of_the_store_is_left_alone(self) -> None:
        outside = self.folder / "outside"
        experiment = self.store.create_experiment(f"{self.id()} 2", artifact_location=f"file://{outside}")
        run, _ = self.run_with(None, experiment=experiment)
        file = outside / run / "artifacts" / "a.txt"
        file.parent.mkdir(parents=True)
        file.write_text("content")
        with self.assertRaisesRegex(Failure, f"^1 could not be removed: run {run}$"):
            self.collect()
        self.assertTrue(file.is_file())
        self.store.restore_run(run)
