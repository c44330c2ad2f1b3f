import json
import tempfile
import unittest
import uuid
from contextlib import redirect_stderr
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock, patch

from mlflow.entities import LifecycleStage, TraceInfo, TraceLocation, TraceState, ViewType
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from mlflow.utils.time import get_current_time_millis
from told import told

from mlflow_aspire.databases import tables, trace_files
from mlflow_aspire.errors import Failure
from mlflow_aspire.gc.garbage import Garbage

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
        with told() as output, redirect_stderr(output):
            Garbage(self.store, artifacts or self.artifacts).collect(older_than)
        return output.getvalue()

    def test_deleted_runs_and_nothing_else(self) -> None:
        kept, kept_folder = self.run_with("a/b.txt", deleted=False)
        _, folder = self.run_with("a/b.txt")
        self.run_with(None)
        self.assertIn("removed runs: 2, logged models: 0, traces: 0, experiments: 0", self.collect())
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

        with patch.object(self.artifacts, "delete_artifacts", delete), told() as output, redirect_stderr(output):
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
        self.assertIn("removed runs: 0, logged models: 0, traces: 0, experiments: 0", self.collect(timedelta(hours=1)))
        self.assertEqual(self.runs(), {run})
        self.assertIn("removed runs: 1, logged models: 0, traces: 0, experiments: 1", self.collect())

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
        self.assertIn("removed runs: 0, logged models: 1, traces: 0, experiments: 0", self.collect())
        self.assertFalse(folder.exists())
        self.assertEqual([model.model_id for model in self.store.search_logged_models([self.experiment])], [kept])

    def model_with(self, artifact: str, experiment: str | None = None) -> tuple[str, Path]:
        model = self.store.create_logged_model(experiment or self.experiment, "model")
        folder = self.folder_at(model.artifact_location)
        folder.mkdir(parents=True)
        (folder / artifact).write_text("content")
        return model.model_id, folder

    def trace_with(self, artifact: str, id: str | None = None) -> tuple[str, Path]:
        id = id or f"tr-{uuid.uuid4().hex}"
        trace = self.store.start_trace(
            TraceInfo(id, TraceLocation.from_experiment_id(self.experiment), get_current_time_millis(), TraceState.OK, execution_duration=1)
        )
        folder = self.folder_at(trace.tags[MLFLOW_ARTIFACT_LOCATION])
        (folder / artifact).parent.mkdir(parents=True, exist_ok=True)
        (folder / artifact).write_text("content")
        return id, folder

    def test_files_of_deleted_traces(self) -> None:
        tables.DELETED_TRACES.create(self.store.engine, checkfirst=True)
        self.enterContext(patch.object(SqlAlchemyStore, "_select_trace_ids_for_delete", SqlAlchemyStore._select_trace_ids_for_delete))
        trace_files.note_deletions()
        deleted, folder = self.trace_with("attachments/1")
        again, folder_again = self.trace_with("attachments/1")
        _, folder_alive = self.trace_with("attachments/1")
        self.assertEqual(self.store.delete_traces(self.experiment, trace_ids=[deleted, again]), 2)
        self.trace_with("a.txt", again)

        self.assertNotIn("files of deleted traces", self.collect(timedelta(hours=1)))
        output = self.collect()
        self.assertIn(f"files of deleted trace {deleted} removed", output)
        self.assertIn("files of deleted traces: 1", output)
        self.assertEqual([file.exists() for file in (folder / "attachments/1", folder_again / "attachments/1", folder_alive / "attachments/1")], [False, True, True])
        self.assertNotIn("files of deleted traces", self.collect())

    def test_a_trace_is_deleted_where_there_is_no_table_for_it(self) -> None:
        tables.DELETED_TRACES.drop(self.store.engine, checkfirst=True)
        self.enterContext(patch.object(SqlAlchemyStore, "_select_trace_ids_for_delete", SqlAlchemyStore._select_trace_ids_for_delete))
        trace_files.note_deletions()
        self.assertEqual(self.store.delete_traces(self.experiment, trace_ids=[self.trace_with("a.txt")[0]]), 1)
        self.assertIn("removed runs: 0, logged models: 0, traces: 0, experiments: 0", self.collect())

    def test_an_experiment_goes_with_the_files_of_all_that_is_in_it(self) -> None:
        self.run_with("a.txt", deleted=False)
        self.model_with("MLmodel")
        self.trace_with("attachments/1")
        self.store.delete_experiment(self.experiment)
        self.assertIn("removed runs: 1, logged models: 1, traces: 1, experiments: 1", self.collect())
        self.assertEqual([file for file in (self.folder / "artifacts" / self.experiment).rglob("*") if file.is_file()], [])

    def test_what_a_registered_version_needs_is_kept_until_it_is_deleted(self) -> None:
        registry = RegistryStore(f"sqlite:///{self.folder}/mlflow.db")
        registry.create_registered_model(self.id())
        run, run_folder = self.run_with("model/MLmodel")
        model, model_folder = self.model_with("MLmodel")
        self.store.delete_logged_model(model)
        registry.create_model_version(self.id(), f"mlflow-artifacts:/{self.experiment}/{run}/artifacts/model", run)
        registry.create_model_version(self.id(), f"mlflow-artifacts:/{model_folder.relative_to(self.folder / 'artifacts')}", None)
        self.store.delete_experiment(self.experiment)

        output = self.collect()
        self.assertIn(f"run {run} is kept: version 1 of the registered model {self.id()!r} needs it", output)
        self.assertIn(f"logged model {model} is kept: version 2 of the registered model {self.id()!r} needs it", output)
        self.assertIn("removed runs: 0, logged models: 0, traces: 0, experiments: 0, kept for others: 2", output)
        self.assertTrue((run_folder / "model/MLmodel").is_file())
        self.assertTrue((model_folder / "MLmodel").is_file())

        for version in (1, 2):
            registry.delete_model_version(self.id(), version)
        self.assertIn("removed runs: 1, logged models: 1, traces: 0, experiments: 1", self.collect())
        self.assertFalse(run_folder.exists() or model_folder.exists())

    def test_a_run_goes_of_which_a_version_has_only_the_name(self) -> None:
        registry = RegistryStore(f"sqlite:///{self.folder}/mlflow.db")
        registry.create_registered_model(self.id())
        run, folder = self.run_with("a.txt")
        registry.create_model_version(self.id(), "mlflow-artifacts:/elsewhere", run)
        self.assertIn(f"run {run} removed", self.collect())
        self.assertFalse(folder.exists())

    def test_a_trace_that_a_dataset_or_a_judge_learns_from_is_kept(self) -> None:
        learned, folder = self.trace_with("a.txt")
        remembered, _ = self.trace_with("a.txt")
        _, other = self.trace_with("a.txt")
        dataset = self.store.create_dataset(self.id())
        self.store.upsert_dataset_records(
            dataset.dataset_id, [{"inputs": {"q": "a"}, "source": {"source_type": "TRACE", "source_data": {"trace_id": learned}}}]
        )
        judging = self.store.create_experiment(f"{self.id()} judge")
        self.store.register_scorer(judging, "memory", json.dumps({"episodic_trace_ids": [remembered]}))
        self.store.delete_experiment(self.experiment)

        output = self.collect()
        self.assertIn(f"trace {learned} is kept: the evaluation dataset {self.id()!r} needs it", output)
        self.assertIn(f"trace {remembered} is kept: the judge 'memory' of experiment {judging} needs it", output)
        self.assertIn("traces: 1, experiments: 0, kept for others: 2", output)
        self.assertTrue((folder / "a.txt").is_file())
        self.assertFalse(other.exists())

        self.store.delete_dataset(dataset.dataset_id)
        self.store.delete_scorer(judging, "memory", None)
        self.assertIn("traces: 2, experiments: 1", self.collect())

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
