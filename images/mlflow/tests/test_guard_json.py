"""JSON, queries and spans whose values do not fit."""

import json
import math
import unittest
import uuid
from typing import Any

from guarded import GuardedTest
from test_guard_rights import spans, trace_info

from mlflow_aspire.guard import bodies


class TextTest(unittest.TestCase):
    def test_nul(self) -> None:
        for text, refused in (
            (r'{"a": "\u0000"}', True),
            (r'{"\u0000": 1}', True),
            (r'{"a": "\\\u0000"}', True),
            (r'{"a": "\\u0000"}', False),
            (r'{"a": "\\\\u0000 \u00001"}', True),
            (r'{"a": "\u00001 \\u0000"}', True),
            (r'{"a": "\u0001 u0000"}', False),
        ):
            with self.subTest(text):
                name, value = next(iter(json.loads(text).items()))
                self.assertEqual("\0" in f"{name}{value}", refused)
                self.assertEqual(self.is_refused(text.encode()), refused)

    def test_more_values_than_memory_holds(self) -> None:
        for value in (b"[],", b"{},", b'"",', b"1,", b'{"a":1},'):
            with self.subTest(value):
                self.assertTrue(self.is_refused(b"[" + value * 4_000_001 + b"1]"))
                self.assertFalse(self.is_refused(b"[" + value * 10_000 + b"1]"))
        self.assertFalse(self.is_refused(b'{"a": "' + b"x" * 60_000_000 + b'"}'))

    @staticmethod
    def is_refused(body: bytes) -> bool:
        try:
            bodies._check_text(body)
        except bodies.BodyError:
            return True
        return False


class ValueTest(GuardedTest):
    def test_json_that_does_not_fit(self) -> None:
        run = self.new_run()
        metric = {"key": "a", "value": 1, "timestamp": 1, "step": 1}
        for path, body, field in (
            ("2.0/mlflow/runs/log-metric", {"run_id": run, **metric, "value": math.nan}, "value"),
            ("2.0/mlflow/runs/log-metric", {"run_id": run, **metric, "step": 1.5}, "step"),
            ("2.0/mlflow/runs/log-metric", {"run_id": run, **metric, "step": 2**63}, "step"),
            ("2.0/mlflow/runs/log-metric", {"run_id": run, **metric, "timestamp": 1.5}, "timestamp"),
            ("2.0/mlflow/runs/log-metric", {"run_id": run, **metric, "value": "one"}, "value"),
            ("2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [metric, {**metric, "key": "b", "step": 1.5}, {**metric, "key": "c"}]}, "step"),
            ("2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [metric], "params": [{"key": "p", "value": 5}]}, "value"),
            ("2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [metric], "tags": [{"key": "p", "value": ["x"]}]}, "value"),
            ("2.0/mlflow/runs/set-tag", {"run_id": run, "key": "t", "value": "\ud800"}, "value"),
            ("2.0/mlflow/runs/set-tag", {"run_id": run, "key": "t", "value": "a\0b"}, "NUL"),
            ("2.0/mlflow/runs/set-tag", {"run_id": run, "run_uuid": self.new_run(), "key": "t", "value": "v"}, "run_uuid"),
            ("2.0/mlflow/runs/update", {"run_id": run, "end_time": 1.5}, "end_time"),
            ("2.0/mlflow/runs/create", {"experiment_id": self.experiment, "start_time": 1e30}, "start_time"),
            ("2.0/mlflow/runs/search", {"experiment_ids": [self.experiment], "filter": 5}, "filter"),
            ("2.0/mlflow/runs/search", {"experiment_ids": [self.experiment], "filter": ["metrics.a > 1"]}, "filter"),
            ("2.0/mlflow/experiments/search", {"max_results": 5, "filter": {"name": "x"}}, "filter"),
            ("2.0/mlflow/logged-models/search", {"experiment_ids": [self.experiment], "filter": 7}, "filter"),
            ("3.0/mlflow/traces/search", {"locations": [{"mlflow_experiment": {"experiment_id": 1.5}}]}, "experiment"),
        ):
            with self.subTest(path=path, body=body):
                self.bad(self.server.call("", "POST", path, data=json.dumps(body), headers={"content-type": "application/json"}), field)
        data = self.server.done("", "GET", f"2.0/mlflow/runs/get?run_id={run}")["run"]["data"]
        self.assertNotIn("metrics", data)
        self.assertNotIn("params", data)

    def test_json_that_is_none(self) -> None:
        for path in ("2.0/mlflow/runs/search", "2.0/mlflow/runs/log-batch", "2.0/mlflow/experiments/create", "2.0/mlflow/experiments/search", "3.0/mlflow/traces", "3.0/mlflow/issues", "/graphql"):
            for body in (b"{", b"[]", b"[1]", b"5", b'"text"', b"{'a': 1}", b"\xff\xfe", b'{"a":' * 100_000, b"[" * 200_000):
                with self.subTest(path=path, body=body[:20]):
                    self.bad(self.server.call("", "POST", path, data=body, headers={"content-type": "application/json"}))

    def test_a_query_that_does_not_fit(self) -> None:
        for query in ("max_results=abc", "max_results=1.5", "view_type=%00"):
            self.bad(self.server.call("", "GET", f"2.0/mlflow/experiments/search?{query}"))
        self.bad(self.server.call("", "GET", "2.0/mlflow/runs/get?run_id=a%00b"))
        self.bad(self.server.call("", "GET", "3.0/mlflow/traces/a%00b"))

    def test_metrics_of_a_model_survive(self) -> None:
        values: dict[str, Any] = {"nan": "NaN", "inf": "Infinity", "low": "-Infinity", "one": 1.0}
        models = {}
        for name, value in values.items():
            model = self.server.done("", "POST", "2.0/mlflow/logged-models", {"experiment_id": self.experiment, "name": name})["model"]["info"]["model_id"]
            metric = {"key": "loss", "value": value, "timestamp": 1, "step": 0, "model_id": model}
            self.server.done("", "POST", "2.0/mlflow/runs/log-batch", {"run_id": self.new_run(), "metrics": [metric]})
            found = self.server.done("", "GET", f"2.0/mlflow/logged-models/{model}")["model"]["data"]["metrics"]
            self.assertEqual([metric["value"] for metric in found], [value])
            models[model] = name
        for ascending, expected in ((True, ["low", "one", "inf", "nan"]), (False, ["inf", "one", "low", "nan"])):
            order = {"experiment_ids": [self.experiment], "order_by": [{"field_name": "metrics.loss", "ascending": ascending}]}
            found = self.server.done("", "POST", "2.0/mlflow/logged-models/search", order)["models"]
            self.assertEqual([models[model["info"]["model_id"]] for model in found], expected)

    def test_a_deleted_experiment_takes_no_spans(self) -> None:
        gone = self.server.done("", "POST", "2.0/mlflow/experiments/create", {"name": "gone"})["experiment_id"]
        self.server.done("", "POST", "2.0/mlflow/experiments/delete", {"experiment_id": gone})
        rest = self.server.call("", "POST", "3.0/mlflow/traces", trace_info(gone, f"tr-{uuid.uuid4().hex}"))
        for experiment, status in ((gone, rest.status_code), ("99999", 404), ("x", 404), ("9" * 30, 404), ("-1", 404)):
            headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
            answer = self.server.call("", "POST", "/v1/traces", data=spans(f"tr-{uuid.uuid4().hex}", "late"), headers=headers)
            self.assertEqual(answer.status_code, status, f"{experiment}: {answer.text}")
