"""Requests that pages of others send."""

from urllib.parse import urlsplit

from guarded import GuardedTest


class OriginTest(GuardedTest):
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
