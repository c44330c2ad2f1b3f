"""A run by the rows of its tables is the run that MLflow makes of its objects."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from google.protobuf.json_format import MessageToDict
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import event, text

from mlflow_aspire.server import run_rows


class RunRowsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.store = store = SqlAlchemyStore(f"sqlite:///{folder}/runs.db", "mlflow-artifacts:/")
        cls.addClassCleanup(store.engine.dispose)
        cls.runs = {name: cls.new_run(name) for name in ("empty", "full", "deleted", "nameless", "ended", "with datasets", "with models")}
        metrics = [Metric("a", 1.5, 1, 1), Metric("a", 0.5, 2, 2), Metric("nan", float("nan"), 1, 0), Metric("inf", float("inf"), 1, -1)]
        store.log_batch(cls.runs["full"], metrics, [Param("p", "1"), Param("q", "\u00fc")], [RunTag("t", "1"), RunTag("mlflow.note.content", "")])
        store.delete_run(cls.runs["deleted"])
        store.update_run_info(cls.runs["ended"], 3, 99, "renamed")
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE runs SET name = NULL WHERE run_uuid = :run"), {"run": cls.runs["nameless"]})
        datasets = [DatasetInput(Dataset(name, "digest", "local", "source"), [InputTag("mlflow.data.context", "train")]) for name in ("one", "two")]
        store.log_inputs(cls.runs["with datasets"], datasets)
        models = [store.create_logged_model("0", name, cls.runs["with models"]).model_id for name in ("in", "out")]
        store.log_inputs(cls.runs["with models"], models=[LoggedModelInput(models[0])])
        store.log_outputs(cls.runs["with models"], [LoggedModelOutput(models[1], 7)])

    @classmethod
    def new_run(cls, name: str) -> str:
        return cls.store.create_run("0", "user", 1, [RunTag("own", name)], name).info.run_id

    def setUp(self) -> None:
        self.own = SqlAlchemyStore.get_run
        self.enterContext(mock.patch.object(SqlAlchemyStore, "get_run", self.own))
        run_rows.apply()

    def test_runs_are_those_of_mlflow(self) -> None:
        for name, run in self.runs.items():
            with self.subTest(name):
                self.assertEqual(_content(self.store.get_run(run)), _content(self.own(self.store, run)))

    def test_what_is_not_there_is_told_by_mlflow(self) -> None:
        with self.assertRaisesRegex(MlflowException, "Run with id=none not found"):
            self.store.get_run("none")

    def test_five_statements(self) -> None:
        statements: list[str] = []
        event.listen(self.store.engine, "before_cursor_execute", lambda _, __, statement, *___: statements.append(statement))
        self.store.get_run(self.runs["full"])
        self.assertEqual(len([statement for statement in statements if statement.startswith("SELECT")]), 5)


def _content(run: Run) -> dict:
    return MessageToDict(run.to_proto())


if __name__ == "__main__":
    unittest.main()
