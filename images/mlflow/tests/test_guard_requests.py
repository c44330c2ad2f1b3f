"""Requests that do not fit: names of artifacts, bodies, JSON."""

import gzip
import json
import math
import os
import socket
import time
import unittest
import uuid
import zlib
from typing import Any
from urllib.parse import urlsplit

from requests import Response
from serving import ServerTest
from test_guard_rights import spans, trace_info

from mlflow_aspire.guard import bodies, paths
from mlflow_aspire.guard.providers import NATIVE
from mlflow_aspire.settings import SettingError

MEBIBYTE = 2**20


class PathTest(unittest.TestCase):
    def test_names(self) -> None:
        for path in ("", "model", "model/MLmodel", "a b/c+d&e=f.txt", "100%.txt", "50%zz", "日本語/été.txt", "a：b", ".hidden", "a..b", "...", "x" * 255, "/".join(["x" * 100] * 8)):
            with self.subTest(path):
                self.assertIsNone(paths.problem(path))

    def test_names_that_would_be_others(self) -> None:
        for path in (
            "..", ".", "a/..", "a/./b", "../x", "/etc", "//etc", "a\\b", "..\\..\\x", "C:/x", "c:x", "a\0b", "a\nb", "a\x7fb", "a\x85b", "a\ufffdb", "a\ud800", "%2e%2e/x", "a%5cb", "a%252fb", "a#b",
            "．．/x", "a／b", "a＼b", "．/x", "x" * 256, "é" * 128, "/".join(["x" * 100] * 10),
        ):  # fmt: skip
            with self.subTest(path):
                self.assertIsNotNone(paths.problem(path))


class LimitsTest(unittest.TestCase):
    def test_defaults(self) -> None:
        self.assertEqual(bodies.read_limits({}), bodies.Limits(body=64 * MEBIBYTE, artifact=50 * 1024 * MEBIBYTE))

    def test_wrong_ones(self) -> None:
        for name in (bodies.BODY, bodies.ARTIFACT):
            for value in ("0", "-1", "1.5", "1GB", "9" * 10):
                with self.subTest(name=name, value=value), self.assertRaisesRegex(SettingError, f"^{name} is '{value}'; accepted: "):
                    bodies.read_limits({name: value})


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


class RequestTest(ServerTest):
    settings = {bodies.BODY: "1", bodies.ARTIFACT: "3", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "https://other.example,https://listed.example"}
    experiment: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.experiment = cls.server.done("", "POST", "2.0/mlflow/experiments/create", {"name": "e"})["experiment_id"]

    def new_run(self) -> str:
        return self.server.done("", "POST", "2.0/mlflow/runs/create", {"experiment_id": self.experiment})["run"]["info"]["run_id"]

    def raw(self, request: bytes) -> bytes:
        """The answer to what no client sends."""
        address = urlsplit(self.server.address)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(request)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def bad(self, answer: Response, *words: str) -> None:
        self.assertEqual(answer.status_code, 400, answer.text)
        for word in words:
            self.assertIn(word, answer.text)

    def test_names_of_artifacts(self) -> None:
        run = self.new_run()
        folder = f"{self.experiment}/{run}/artifacts"
        for path in (
            "..%5c..%5c..%5cx.txt", "..%255c..%255cx.txt", "%2e%2e/x.txt", "%252e%252e/x.txt", "%c0%ae%c0%ae/x.txt", "%c0%af", "%ff", "%ef%bc%8e%ef%bc%8e/x.txt", "a%ef%bc%8fb", "a%ef%bc%bcb",
            "a%5cb", "a%00b", "a%0ab", "a%7fb", "a%23b", "a%2541", "./a", "a/%2e/b", "x" * 256, "/".join(["x" * 100] * 15),
        ):  # fmt: skip
            for prefix in (f"/api/2.0/mlflow-artifacts/artifacts/{folder}/", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{folder}/"):
                for method in ("PUT", "GET", "DELETE"):
                    with self.subTest(path=path, method=method):
                        request = f"{method} {prefix}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        self.assertRegex(self.raw(request.encode()), rb"^HTTP/1.1 400 ")
            for address in (f"/get-artifact?run_id={run}&path={path}", f"/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}", f"/api/2.0/mlflow-artifacts/artifacts?path={folder}/{path}"):
                with self.subTest(address):
                    self.assertRegex(self.raw(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()), rb"^HTTP/1.1 400 ")
        for name in ("a.txt?x=1", "a.txt?"):
            self.assertEqual(self.server.call("", "PUT", f"2.0/mlflow-artifacts/artifacts/{folder}/{name}", data=b"").status_code, 400 if "=" in name else 200)
        for name in ("a b.txt", "été.txt", "100%.txt", "a&b=c+d.txt", ".hidden", "x" * 255):
            with self.subTest(name):
                address = f"2.0/mlflow-artifacts/artifacts/{folder}/kept/{name.replace('%', '%25')}"
                self.server.done("", "PUT", address, data=name.encode())
                self.assertEqual(self.server.done("", "GET", address), name.encode())
                self.assertTrue((self.server.artifacts / folder / "kept" / name).is_file())
        self.assertEqual([found for found in os.listdir(self.server.artifacts) if found != self.experiment], [])

    def test_paths_in_bodies(self) -> None:
        run = self.new_run()
        query = f'query($path: String) {{ mlflowListArtifacts(input: {{runId: "{run}", path: $path}}) {{ files {{ path }} }} }}'
        for path in ("..\\..\\x", "a/./b", "．．/x"):
            answer = self.server.done("", "POST", "/graphql", {"query": query, "variables": {"path": path}})
            self.assertIsNotNone(answer["errors"], path)
            for address in ("presigned-upload-url", "presigned-download-url"):
                self.bad(self.server.call("", "POST", f"2.0/mlflow/artifacts/{address}", {"run_id": run, "path": path}), "path")

    def test_a_body_is_limited(self) -> None:
        for path in ("2.0/mlflow/runs/log-batch", "/graphql", "/ajax-api/3.0/jobs/search", "3.0/mlflow/mcp-servers", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y", "/v1/traces"):
            for data in (b"x" * (MEBIBYTE + 1), iter([b"x" * 600_000, b"x" * 600_000])):
                with self.subTest(path):
                    answer = self.server.call("", "POST", path, data=data, headers={"content-type": "application/json"})
                    self.assertEqual(answer.status_code, 413, answer.text)
                    self.assertIn(bodies.BODY, answer.text)

    def test_an_unpacked_body_is_limited(self) -> None:
        packed = {"gzip": gzip.compress(bytes(200 * MEBIBYTE)), "deflate": zlib.compress(bytes(200 * MEBIBYTE))}
        raw = zlib.compressobj(wbits=-15)
        for encoding, body in (*packed.items(), ("deflate", raw.compress(bytes(200 * MEBIBYTE)) + raw.flush()), ("gzip", gzip.compress(bytes(MEBIBYTE // 2)) * 3)):
            with self.subTest(encoding):
                headers = {"content-type": "application/x-protobuf", "content-encoding": encoding, "x-mlflow-experiment-id": self.experiment}
                self.assertEqual(self.server.call("", "POST", "/v1/traces", data=body, headers=headers).status_code, 413)

    def test_packed_spans_are_stored(self) -> None:
        raw = zlib.compressobj(wbits=-15)
        for encoding, pack in (
            ("gzip", gzip.compress),
            ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
            ("deflate", zlib.compress),
            ("deflate", lambda body: raw.compress(body) + raw.flush()),
        ):
            trace = f"tr-{uuid.uuid4().hex}"
            headers = {"content-type": "application/x-protobuf", "content-encoding": encoding, "x-mlflow-experiment-id": self.experiment}
            self.assertEqual(self.server.call("", "POST", "/v1/traces", data=pack(spans(trace, "span")), headers=headers).status_code, 200)
            self.assertEqual(self.server.done("", "GET", f"3.0/mlflow/traces/get?trace_id={trace}")["trace"]["spans"][0]["name"], "span")
        for encoding, body in (("gzip", b"no gzip"), ("gzip", gzip.compress(spans(trace, "span"))[:-20]), ("deflate", b"no deflate"), ("br", b"x")):
            headers["content-encoding"] = encoding
            self.assertEqual(self.server.call("", "POST", "/v1/traces", data=body, headers=headers).status_code, 400)

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

    def test_half_a_body_leaves_nothing(self) -> None:
        address = urlsplit(self.server.address)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(b'POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"name": "half"')
        time.sleep(0.5)
        names = [experiment["name"] for experiment in self.server.done("", "GET", "2.0/mlflow/experiments/search?max_results=100")["experiments"]]
        self.assertNotIn("half", names)
        self.assertNotIn("Traceback", self.server.log())

    def test_an_artifact_is_limited(self) -> None:
        address = f"2.0/mlflow-artifacts/artifacts/{self.experiment}/{self.new_run()}/artifacts/large"
        for data in (bytes(4 * MEBIBYTE), iter([bytes(MEBIBYTE)] * 4)):
            answer = self.server.call("", "PUT", address, data=data)
            self.assertEqual(answer.status_code, 413, answer.text)
            self.assertIn(bodies.ARTIFACT, answer.text)
            self.assertEqual(self.server.call("", "GET", address).status_code // 100, 4)
        for data in (bytes(3 * MEBIBYTE), iter([bytes(MEBIBYTE)] * 3)):
            self.server.done("", "PUT", address, data=data)
            self.assertEqual(len(self.server.done("", "GET", address)), 3 * MEBIBYTE)

    def test_half_an_artifact_leaves_nothing(self) -> None:
        path = f"{self.experiment}/{self.new_run()}/artifacts/half"
        address = urlsplit(self.server.address)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(f"PUT /api/2.0/mlflow-artifacts/artifacts/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2 * MEBIBYTE}\r\n\r\n".encode() + bytes(MEBIBYTE))
        end = time.monotonic() + 30
        while (left := [file for file in self.server.temporary.rglob("*") if file.is_file()]) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(left, [])
        self.assertFalse((self.server.artifacts / path).exists())

    def test_pages_of_others(self) -> None:
        own = urlsplit(self.server.address).netloc
        create = {"name": "by a page"}
        for origin in ("http://localhost:3000", "http://127.0.0.1:1", "http://localhost", "https://evil.example", "null", f"http://{own}.evil.example", f"http://x@{own}"):
            for method, path in (
                ("POST", "2.0/mlflow/experiments/create"),
                ("GET", "2.0/mlflow/experiments/search?max_results=1"),
                ("POST", "/v1/traces"),
                ("POST", "/graphql"),
                ("GET", "/get-artifact?run_id=x&path=y"),
            ):
                with self.subTest(origin=origin, path=path):
                    answer = self.server.call("", method, path, create if method == "POST" else None, headers={"Origin": origin})
                    self.assertEqual(answer.status_code, 403, answer.text)
        self.server.done("", "POST", "2.0/mlflow/experiments/create", {"name": "by its own"}, headers={"Origin": f"http://{own}"})
        self.server.done("", "GET", "2.0/mlflow/experiments/search?max_results=1", headers={"Origin": "https://listed.example"})

    def test_providers_that_need_what_is_not_there(self) -> None:
        secret = self.server.done("", "POST", "3.0/mlflow/gateway/secrets/create", {"secret_name": "s", "secret_value": {"api_key": "k"}, "provider": "openai"})["secret"]["secret_id"]
        listed = self.server.done("", "GET", "/ajax-api/3.0/mlflow/gateway/supported-providers")["providers"]
        self.assertIn("cohere", listed)
        for provider in (*listed, "no such"):
            with self.subTest(provider):
                definition = {"name": provider, "secret_id": secret, "provider": provider, "model_name": "m"}
                answer = self.server.call("", "POST", "3.0/mlflow/gateway/model-definitions/create", definition)
                if provider in NATIVE:
                    self.assertEqual(answer.status_code, 200, answer.text)
                else:
                    self.bad(answer, "litellm", "openai")
        definition = {"name": "native", "secret_id": secret, "provider": "openai", "model_name": "m"}
        made = self.server.done("", "POST", "3.0/mlflow/gateway/model-definitions/create", definition)["model_definition"]["model_definition_id"]
        self.bad(self.server.call("", "POST", "3.0/mlflow/gateway/model-definitions/update", {"model_definition_id": made, "provider": "cohere"}), "litellm")

    def test_models_are_known_without_the_internet(self) -> None:
        start = time.monotonic()
        models = self.server.done("", "GET", "/ajax-api/3.0/mlflow/gateway/supported-models?provider=openai")["models"]
        self.assertTrue(models)
        self.assertLess(time.monotonic() - start, 30)
