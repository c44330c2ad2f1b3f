import ast
import inspect
import os
import tempfile
import unittest
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from mlflow.exceptions import MlflowException
from mlflow.server import auth
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.workspace_context import WorkspaceContext
from mlflow_oidc_auth import utils
from mlflow_oidc_auth.utils.data_fetching import get_run_experiment_id
from mlflow_oidc_auth.validators import run as run_validators
from serving import tables
from sqlalchemy import event

from mlflow_aspire.sign_in import run_experiments

COMING = "0" * 32


def get_run(store: SqlAlchemyStore, run_id: str) -> None:
    raise AssertionError("the whole run is read")


class RunExperimentsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "runs.db").write_bytes(tables())
        self.store = SqlAlchemyStore(f"sqlite:///{folder}/runs.db", f"{folder}/artifacts")
        self.addCleanup(self.store.engine.dispose)
        self.experiment = self.store.create_experiment("experiment")
        self.run_id = self.store.create_run(self.experiment, "user", 0, [], "run").info.run_id

    def test_it_is_the_one_that_the_whole_run_says(self) -> None:
        for lifecycle in ("active", "deleted"):
            with self.subTest(lifecycle):
                self.assertEqual(run_experiments.experiment_of(self.store, self.run_id), self.store.get_run(self.run_id).info.experiment_id)
                self.assertEqual(run_experiments.experiment_of(self.store, self.run_id), get_run_experiment_id(self.store, self.run_id))
            self.store.delete_run(self.run_id)

    def test_it_is_read_once(self) -> None:
        reads = []
        event.listen(self.store.engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_rest: reads.append(statement))
        found = [run_experiments.experiment_of(self.store, self.run_id) for _ in range(3)]
        self.assertEqual((found, sum("FROM runs" in statement for statement in reads)), ([self.experiment] * 3, 1))

    def test_a_run_that_comes_is_found(self) -> None:
        for found in (False, True):
            with self.subTest(found), nullcontext() if found else self.assertRaises(MlflowException):
                run_experiments.experiment_of(self.store, COMING)
            if not found:
                with patch("mlflow.store.tracking.sqlalchemy_store.uuid.uuid4", lambda: SimpleNamespace(hex=COMING)):
                    self.store.create_run(self.experiment, "user", 0, [], "run")

    def test_a_workspace_is_asked_each_time(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "runs.db").write_bytes(tables())
        store = WorkspaceAwareSqlAlchemyStore(f"sqlite:///{folder}/runs.db", f"{folder}/artifacts")
        self.addCleanup(store.engine.dispose)
        self.enterContext(patch.dict(os.environ, {"MLFLOW_ENABLE_WORKSPACES": "true"}))
        with WorkspaceContext("default"):
            run = store.create_run(store.create_experiment("experiment"), "user", 0, [], "run").info
            self.assertEqual(run_experiments.experiment_of(store, run.run_id), run.experiment_id)
        with WorkspaceContext("another"), self.assertRaises(MlflowException):
            run_experiments.experiment_of(store, run.run_id)

    def test_no_such_run_is_answered_as_before(self) -> None:
        errors = []
        for find in (lambda run: run_experiments.experiment_of(self.store, run), self.store.get_run):
            with self.assertRaises(MlflowException) as raised:
                find("nobody")
            errors.append((raised.exception.error_code, raised.exception.message))
        self.assertEqual(errors[0], errors[1])

    def test_basic_authentication_requires_the_same(self) -> None:
        with patch.object(auth, "_get_tracking_store", lambda: self.store), patch.object(auth, "_fetch_or_none", auth._fetch_or_none):
            before = [auth._run_requirement(run, "update") for run in (self.run_id, "nobody")]
            run_experiments.apply_to_basic()
            with patch.object(SqlAlchemyStore, "get_run", get_run):
                self.assertEqual([auth._run_requirement(run, "update") for run in (self.run_id, "nobody")], before)
        self.assertIsNone(before[1])
        self.assertEqual(before[0][0], ("experiment", self.experiment))

    def test_runs_are_asked_for_in_one_place_which_looks_at_the_experiment(self) -> None:
        tree = ast.parse(inspect.getsource(auth))
        asked = [
            function.name for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)
            for call in ast.walk(function)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_fetch_or_none" and getattr(call.args[0], "attr", "") == "get_run"
        ]  # fmt: skip
        self.assertEqual(asked, ["_run_requirement"])
        used = {ast.unparse(node) for node in ast.walk(ast.parse(inspect.getsource(auth._run_requirement))) if isinstance(node, ast.Attribute)}
        self.assertEqual({name for name in used if name.startswith("run.")}, {"run.info", "run.info.experiment_id"})

    def test_the_plugin_asks_this(self) -> None:
        with patch.object(utils, "get_run_experiment_id", get_run_experiment_id), patch.object(run_validators, "get_run_experiment_id", get_run_experiment_id):
            run_experiments.apply_to_oidc()
            self.assertIs(run_validators.get_run_experiment_id, run_experiments.experiment_of)


if __name__ == "__main__":
    unittest.main()
