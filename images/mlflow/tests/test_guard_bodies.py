"""Bodies and artifacts that are too large, packed, or end in the middle."""

import gzip
import socket
import time
import unittest
import uuid
import zlib
from urllib.parse import urlsplit

from guarded import MEBIBYTE, GuardedTest
from test_guard_rights import spans

from mlflow_aspire.guard import bodies
from mlflow_aspire.settings import SettingError


class LimitsTest(unittest.TestCase):
    def test_defaults(self) -> None:
        self.assertEqual(bodies.read_limits({}), bodies.Limits(body=64 * MEBIBYTE, artifact=50 * 1024 * MEBIBYTE))

    def test_wrong_ones(self) -> None:
        for name in (bodies.BODY, bodies.ARTIFACT):
            for value in ("0", "-1", "1.5", "1GB", "9" * 10):
                with self.subTest(name=name, value=value), self.assertRaisesRegex(SettingError, f"^{name} is '{value}'; accepted: "):
                    bodies.read_limits({name: value})


class BodyTest(GuardedTest):
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
