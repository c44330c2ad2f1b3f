"""A batch in one session: with the rows, the answers and the transactions of MLflow's own way, and fewer statements."""

import unittest
from unittest import mock

from compared_stores import ComparedStores, rows
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from mlflow_aspire.server import batch_rows, batches, patches

RUN = "r" * 32


def _metrics(*keys: str, value: float = 1.0) -> list[Metric]:
    return [Metric(key, value, 1, step) for step, key in enumerate(keys)]


# What is logged one after the other.
BATCHES: list[tuple[list[Metric], list[Param], list[RunTag]]] = [
    (_metrics("a", "b", "a"), [Param("p", "1"), Param("q", "2")], [RunTag("t", "1"), RunTag("t", "2"), RunTag("u", "1")]),
    (_metrics("a", "b"), [Param("p", "1")], [RunTag("t", "3")]),
    (_metrics("a", value=float("nan")), [], [RunTag("mlflow.runName", "renamed"), RunTag("v", "1")]),
    (_metrics("c"), [Param("p", "changed")], [RunTag("w", "not reached")]),
    (_metrics("d"), [Param("r", "stays")], [RunTag("x" * 300, "too long")]),
    (_metrics("a", "a", value=2.0), [], []),
    ([], [], []),
    # What is there already, beside what is not.
    (_metrics("a", "b", "e"), [Param("p", "1"), Param("s", "1")], [RunTag("t", "3"), RunTag("z", "1")]),
    # Which is the latest: by step, then by time, then by value, and of equals the first.
    ([Metric("f", 1.0, 5, 1), Metric("f", 9.0, 4, 1), Metric("f", 2.0, 5, 1), Metric("f", 3.0, 9, 0)], [], []),
    ([Metric("f", 7.0, 5, 0), Metric("g", 1.0, 1, 1)], [], []),
    ([Metric("f", 0.0, 6, 1), Metric("g", 2.0, 1, 1), Metric("g", 3.0, 0, 1)], [], []),
    ([Metric("h", float("nan"), 1, 1), Metric("h", 0.0, 1, 1), Metric("i", 0.0, 1, 1), Metric("i", float("nan"), 1, 1), Metric("i", float("nan"), 1, 1)], [], []),
    ([Metric("j", float("inf"), 1, 1), Metric("j", -float("inf"), 1, 2), Metric("j", -0.0, 1, 3), Metric("j", 0.0, 1, 3)], [], []),
    ([Metric("k", 1.0, 1, 1, model_id="m"), Metric("k", 1.0, 1, 1)], [], []),
    (_metrics(*(f"many {number}" for number in range(800))), [Param(f"many {number}", "1") for number in range(100)], [RunTag(f"many {number}", "1") for number in range(100)]),
    ([], [Param("p", "1"), Param("q", "other"), Param("many 7", "other"), Param("new", "not stored")], []),
    ([], [], [RunTag("t", "4"), RunTag("mlflow.runName", "renamed once more"), RunTag("many 7", "2"), RunTag("t", "5")]),
    ([Metric("x" * 300, 1.0, 1, 1)], [], []),
]


class BatchesTest(ComparedStores):
    @classmethod
    def fill(cls, store: SqlAlchemyStore) -> None:
        store.create_run("0", "user", 1, [], "name")
        with store.engine.begin() as connection:
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            for table in ("runs", "tags"):
                connection.execute(text(f"UPDATE {table} SET run_uuid = '{RUN}'"))

    def setUp(self) -> None:
        self.original, self.original_statements = self.store("original")
        self.enterContext(mock.patch.object(utils, "_get_managed_session_maker", utils._get_managed_session_maker))
        for name in ("log_batch", "_get_run", "_log_metrics_once", "_log_params", "_set_tags"):
            self.enterContext(mock.patch.object(SqlAlchemyStore, name, getattr(SqlAlchemyStore, name)))
        patches.keep_what_was_read()
        batches.use_one_session()
        batch_rows.apply()
        self.changed, self.changed_statements = self.store("changed")

    def test_rows_and_answers_are_those_of_mlflow(self) -> None:
        for index in range(len(BATCHES)):
            with self.subTest(index):
                answers = [_answer(store, RUN, index) for store in (self.original, self.changed)]
                self.assertEqual(*answers)
                self.assertEqual(rows(self.original), rows(self.changed))
        for unknown in ("f" * 32, "../x"):
            with self.subTest(unknown):
                answers = [_answer(store, unknown) for store in (self.original, self.changed)]
                self.assertEqual(*answers)
                self.assertIn("Exception", answers[0])

    def test_one_connection_and_one_look_at_the_run(self) -> None:
        counts = []
        for store, statements in ((self.original, self.original_statements), (self.changed, self.changed_statements)):
            statements.clear()
            store.log_batch(RUN, _metrics("m", "n"), [Param("parameter", "1")], [RunTag("tag", "1")])
            runs = [statement for statement in statements if "FROM runs" in statement]
            counts.append((statements.count("CONNECTION"), len(runs)))
        self.assertEqual(counts, [(4, 4), (1, 1)])

    def test_a_statement_for_each_table(self) -> None:
        for batch in range(2):
            self.changed_statements.clear()
            self.changed.log_batch(RUN, _metrics("m", "n"), [Param("parameter", "1")], [RunTag("tag", "1")])
            statements = [statement.split()[2] for statement in self.changed_statements if statement.startswith("INSERT")]
            # The second time no metric is new.
            self.assertEqual(statements, ["params", "metrics", *["latest_metrics"] * (not batch), "tags"])
            self.assertFalse([statement for statement in self.changed_statements if statement.startswith("UPDATE")])

    def test_single_values_are_those_of_mlflow(self) -> None:
        for store in (self.original, self.changed):
            for step, value in ((1, 1.0), (1, 1.0), (0, 5.0), (2, float("nan")), (2, 0.5)):
                store.log_metric(RUN, Metric("single", value, 1, step))
            store.log_param(RUN, Param("single", "1"))
            store.set_tag(RUN, RunTag("single", "1"))
        self.assertEqual(rows(self.original), rows(self.changed))

    def test_other_databases_are_left_to_mlflow(self) -> None:
        self.changed.db_type = "mysql"
        self.changed_statements.clear()
        self.changed.log_batch(RUN, _metrics("m", "n"), [Param("parameter", "1")], [RunTag("tag", "1")])
        self.assertFalse([statement for statement in self.changed_statements if "ON CONFLICT" in statement])

    def test_a_run_that_is_deleted_meanwhile_takes_no_batch_afterwards(self) -> None:
        run = self.changed.create_run("0", "user", 1, [], "gone").info.run_id
        self.changed.log_batch(run, *BATCHES[0])
        self.changed.delete_run(run)
        self.assertIn("must be in the 'active' state", _answer(self.changed, run))

    def test_a_database_that_does_not_answer_is_told_as_before(self) -> None:
        away = mock.patch.object(self.changed.engine, "connect", side_effect=OperationalError("SELECT", {}, Exception()))
        with away, self.assertRaises(MlflowException) as raised:
            self.changed.log_batch(RUN, *BATCHES[0])
        self.assertEqual(raised.exception.get_http_status_code(), 503)

    def test_other_calls_have_sessions_of_their_own(self) -> None:
        self.changed_statements.clear()
        self.changed.get_run(RUN)
        self.changed.get_run(RUN)
        self.assertEqual(self.changed_statements.count("CONNECTION"), 2)
        self.assertEqual(len([statement for statement in self.changed_statements if "FROM runs" in statement]), 2)


def _answer(store: SqlAlchemyStore, run: str, index: int = 0) -> str:
    try:
        return str(store.log_batch(run, *BATCHES[index]))
    except MlflowException as error:
        return f"{type(error).__name__} {error.error_code}: {error.message}"


if __name__ == "__main__":
    unittest.main()
