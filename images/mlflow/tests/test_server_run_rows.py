"""Runs by the rows of their tables are the runs that MLflow makes of its objects."""

import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from google.protobuf.json_format import MessageToDict
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.search_utils import SearchUtils
from sqlalchemy import CursorResult, event, text

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
        self.own, self.own_search = SqlAlchemyStore.get_run, SqlAlchemyStore._search_runs
        self.enterContext(mock.patch.multiple(SqlAlchemyStore, get_run=self.own, _search_runs=self.own_search))
        run_rows.apply()

    def test_runs_are_those_of_mlflow(self) -> None:
        for name, run in self.runs.items():
            with self.subTest(name):
                self.assertEqual(_content(self.store.get_run(run)), _content(self.own(self.store, run)))

    def test_what_is_not_there_is_told_by_mlflow(self) -> None:
        with self.assertRaisesRegex(MlflowException, "Run with id=none not found"):
            self.store.get_run("none")

    def test_two_statements(self) -> None:
        self.assertEqual(len(self.statements(lambda: self.store.get_run(self.runs["full"]))), 2)

    def test_a_page_takes_no_objects(self) -> None:
        loaded: list[object] = []

        def note(instance: object, _: object) -> None:
            loaded.append(instance)

        for model in (SqlRun, SqlTag, SqlParam, SqlLatestMetric):
            event.listen(model, "load", note)
            self.addCleanup(event.remove, model, "load", note)
        for search, objects in ((self.own_search, True), (SqlAlchemyStore._search_runs, False)):
            search(self.store, ["0"], "", ViewType.ALL, 100, [], None)
            self.assertEqual(bool(loaded), objects)
            loaded.clear()

    def test_pages_are_those_of_mlflow(self) -> None:
        searches: list[dict] = [
            {},
            {"run_view_type": ViewType.ALL},
            {"run_view_type": ViewType.DELETED_ONLY},
            {"max_results": 2},
            {"max_results": 2, "page_token": SearchUtils.create_page_token(2)},
            {"max_results": 7},
            {"experiment_ids": []},
            {"experiment_ids": ["0", "999"]},
            {"filter_string": "metrics.a > 0"},
            {"filter_string": "params.p = '1' and tags.t = '1' and attributes.status = 'RUNNING'"},
            {"filter_string": "tags.own LIKE '%d%' and tags.own != 'ended'"},
            {"filter_string": "dataset.name = 'one'"},
            {"filter_string": "attributes.run_name = 'renamed'"},
            {"filter_string": "dataset.digest = 'digest'"},
            {"filter_string": "tags.own != 'full' and dataset.context = 'train'", "order_by": ["metrics.a DESC", "metrics.inf ASC"]},
            {"order_by": ["attributes.run_id DESC"]},
            {"order_by": ["attributes.artifact_uri ASC", "params.p DESC"], "max_results": 3},
            {"order_by": ["metrics.nan DESC", "params.q ASC", "tags.own DESC"]},
            {"order_by": ["attributes.end_time DESC", "metrics.a ASC"], "max_results": 3},
            {"order_by": ["attributes.start_time ASC"], "filter_string": "metrics.a < 10 and params.q = '\u00fc'"},
        ]
        found = 0
        for search in searches:
            with self.subTest(search):
                options = {"experiment_ids": ["0"], "filter_string": "", "run_view_type": ViewType.ACTIVE_ONLY, "max_results": 100, "order_by": [], "page_token": None} | search
                (runs, token), (own, own_token) = self.store._search_runs(**options), self.own_search(self.store, **options)
                self.assertEqual(([_content(run) for run in runs], token), ([_content(run) for run in own], own_token))
                found += len(runs)
        self.assertGreater(found, 30)

    def test_a_page_is_read_in_parts(self) -> None:
        for at_once in ({"_RUNS_AT_ONCE": 2}, {"_ROWS_AT_ONCE": 1}):
            partitions = mock.patch.object(CursorResult, "partitions", autospec=True, side_effect=CursorResult.partitions)
            with self.subTest(at_once), mock.patch.multiple(run_rows, **at_once), partitions as read:
                self.test_pages_are_those_of_mlflow()
                self.assertEqual({size for _, size in (call.args for call in read.call_args_list)}, {run_rows._RUNS_AT_ONCE, run_rows._ROWS_AT_ONCE})

    def test_other_threads_have_turns_while_a_large_page_is_made(self) -> None:
        self.assertEqual(self.turns(lambda: self.store.search_runs(["0"], "", ViewType.ALL)), 0)

        with mock.patch.multiple(run_rows, _ROWS_BEFORE_A_TURN=3, _ROWS_A_TURN=1):
            made = self.turns(lambda: self.store.search_runs(["0"], "", ViewType.ALL))
            page = self.store.search_runs(["0"], "", ViewType.ALL)
        own, _ = self.own_search(self.store, ["0"], "", ViewType.ALL, 100, [], None)
        self.assertEqual([str(dict(run.data)) for run in page], [str(dict(run.data)) for run in own])
        self.assertGreater(made, len(self.runs))
        self.assertEqual(self.turns(lambda: [run.to_proto() for run in page]), len(self.runs))
        self.assertEqual(self.turns(page.clear), len(self.runs))

    @staticmethod
    def turns(work: Callable[[], object]) -> int:
        with mock.patch("time.sleep") as give:
            work()
        return give.call_count

    def test_six_statements_for_a_page(self) -> None:
        self.assertEqual(len(self.statements(lambda: self.store.search_runs(["0"], "", ViewType.ALL))), 6)

    def statements(self, work: Callable[[], object]) -> list[str]:
        statements: list[str] = []
        event.listen(self.store.engine, "before_cursor_execute", lambda _, __, statement, *___: statements.append(statement))
        work()
        return [statement for statement in statements if statement.startswith("SELECT")]


def _content(run: Run) -> dict:
    return MessageToDict(run.to_proto())


if __name__ == "__main__":
    unittest.main()
