"""Names of artifacts that do not fit."""

import os
import unittest

from guarded import GuardedTest

from mlflow_aspire.guard import paths


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


class RequestedPathTest(GuardedTest):
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
