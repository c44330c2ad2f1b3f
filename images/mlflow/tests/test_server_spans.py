"""Spans with fewer statements: with the rows and the answers of MLflow's own way."""

import re
import unittest
from unittest import mock

from compared_stores import ComparedStores, rows
from mlflow.entities import Span
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils
from mlflow.store.tracking import sqlalchemy_store
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtelSpan

from mlflow_aspire.databases import one_connection
from mlflow_aspire.server import spans


def _span(trace: int, number: int, parent: int | None = None, resource: dict[str, str] | None = None, **attributes: str) -> Span:
    message = OtelSpan(name=f"span {number}", trace_id=trace.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), kind=1)
    message.start_time_unix_nano, message.end_time_unix_nano = 10**18 + number * 10**6, 10**18 + (number + trace) * 10**6
    if parent is not None:
        message.parent_span_id = parent.to_bytes(8, "big")
    for key, value in attributes.items():
        message.attributes.add(key=key.replace("__", ".")).value.string_value = value
    described = Resource()
    for key, value in (resource or {}).items():
        described.attributes.add(key=key).value.string_value = value
    return Span.from_otel_proto(message, resource=described)


_USAGE = '{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}'

# What is logged one after the other.
CALLS: list[tuple[str, list[Span]]] = [
    ("0", [_span(1, 1)]),
    ("0", [_span(1, 1)]),
    ("0", [_span(1, 2, parent=1, mlflow__chat__tokenUsage=_USAGE), _span(2, 3, parent=1)]),
    ("0", [_span(2, 1, resource={"service.name": "first", "mlflow.own": "no", "x" * 300: "too long"}), _span(3, 1, resource={"service.name": "second"})]),
    ("0", [_span(2, 5, parent=1, resource={"service.name": "changed"}), _span(4, 1, mlflow__traceTag__own="of the caller", session__id="s", user__id="u")]),
    ("0", [_span(5, number, parent=number - 1 if number > 1 else None) for number in range(1, 251)]),
    ("0", []),
    ("7", [_span(6, 1)]),
    ("no number", [_span(7, 1)]),
]


class SpansTest(ComparedStores):
    def setUp(self) -> None:
        self.original, self.original_statements = self.store("original")
        for changed, names in (
            (utils, ["_get_managed_session_maker"]),
            (sqlalchemy_store, ["_upsert_batch"]),
            (SqlAlchemyStore, ["_log_spans_once", "get_experiment"]),
        ):
            for name in names:
                self.enterContext(mock.patch.object(changed, name, getattr(changed, name)))
        one_connection.share()
        spans.apply()
        self.changed, self.changed_statements = self.store("changed")

    def test_rows_and_answers_are_those_of_mlflow(self) -> None:
        for index, (location, logged) in enumerate(CALLS):
            with self.subTest(index):
                answers = [_answer(store, location, logged) for store in (self.original, self.changed)]
                self.assertEqual(*answers)
                self.assertEqual(rows(self.original), rows(self.changed))

    def test_one_connection_and_fewer_statements(self) -> None:
        counts = []
        for store, statements in ((self.original, self.original_statements), (self.changed, self.changed_statements)):
            statements.clear()
            with one_connection.hold():
                store.log_spans("0", [_span(1, 1)])
            asked = [statement for statement in statements if re.match("SELECT|INSERT|UPDATE", statement)]
            counts.append((statements.count("CONNECTION"), len(asked)))
        self.assertEqual(counts, [(2, 9), (1, 8)])

    def test_a_hundred_spans_a_statement(self) -> None:
        self.changed_statements.clear()
        self.changed.log_spans("0", CALLS[5][1])
        self.assertEqual(len([statement for statement in self.changed_statements if statement.startswith("INSERT INTO spans")]), 3)

    def test_an_experiment_is_read_in_short_only_for_spans(self) -> None:
        self.assertEqual(self.changed.get_experiment("0").name, "Default")

    def test_a_session_is_not_kept_by_what_writes_its_tags(self) -> None:
        merge_tags, used = spans._merge_tags, []
        with mock.patch.object(spans, "_merge_tags", lambda session, merge: used.append(session) or merge_tags(session, merge)):
            self.changed.log_spans("0", [_span(8, 1)])
        self.assertTrue(used)
        self.assertEqual([session for session in used if "merge" in vars(session)], [])

    def test_what_fails_is_undone_as_a_whole(self) -> None:
        before = rows(self.changed)
        with mock.patch.object(SqlAlchemyStore, "_advance_db_payload_generations_for_db_span_writes", side_effect=MlflowException("archived")):
            for store in (self.original, self.changed):
                with self.assertRaises(MlflowException), one_connection.hold():
                    store.log_spans("0", [_span(1, 1)])
        self.assertEqual(rows(self.changed), before)
        self.assertEqual(rows(self.original), before)


def _answer(store: SqlAlchemyStore, location: str, logged: list[Span]) -> str:
    try:
        with one_connection.hold():
            return str([span.to_dict() for span in store.log_spans(location, logged)])
    except MlflowException as error:
        return f"{type(error).__name__} {error.error_code}: {error.message}"


if __name__ == "__main__":
    unittest.main()
