"""What the server can be made to call, and what it calls by itself."""

import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from serving import ServerTest
from test_guard_rights import spans

METADATA = "169.254.169.254"


class _Identity(BaseHTTPRequestHandler):
    """In the place of the identity endpoint of Azure."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"access_token": "secret"}')

    do_POST = do_PUT = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class OutsideTest(ServerTest):
    identity: ClassVar[ThreadingHTTPServer]
    names: ClassVar[Path]
    calls: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        cls.identity = ThreadingHTTPServer(("127.0.0.1", 0), _Identity)
        cls.identity.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=cls.identity.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.identity.server_close)
        cls.addClassCleanup(cls.identity.shutdown)
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.names, cls.calls = folder / "names", folder / "calls"
        cls.names.write_text(f"metadata.example {METADATA}\nidentity.example 127.0.0.1\nmoving.example 93.184.216.34\n")
        cls.calls.touch()
        cls.settings = {
            "PREPARATION": "noted_calls",
            "TEST_NAMES": str(cls.names),
            "TEST_CALLS": str(cls.calls),
            "IDENTITY_ENDPOINT": cls.address(),
            "IDENTITY_HEADER": "header",
        }
        super().setUpClass()

    @classmethod
    def address(cls, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{cls.identity.server_address[1]}/msi/token"

    def places(self) -> list[str]:
        port = self.identity.server_address[1]
        hosts = [METADATA, "metadata.example", f"[::ffff:{METADATA}]", "2852039166", "0xa9fea9fe", f"127.0.0.1:{port}", f"identity.example:{port}", f"localhost:{port}", f"[::1]:{port}"]
        return [f"{scheme}://{host}/msi/token" for scheme in ("http", "https") for host in hosts]

    def tearDown(self) -> None:
        self.assertEqual(self.identity.asked, [])  # type: ignore[attr-defined]
        self.assertNotIn(f"connects to {METADATA}", self.calls.read_text())

    def test_webhooks(self) -> None:
        for url in self.places():
            with self.subTest(url):
                webhook = {"name": url, "url": url, "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}
                self.assertEqual(self.server.call("", "POST", "2.0/mlflow/webhooks", webhook).status_code, 400)

    def test_a_webhook_whose_name_moves(self) -> None:
        webhook = {"name": "moving", "url": self.address("moving.example", "https"), "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}
        made = self.server.done("", "POST", "2.0/mlflow/webhooks", webhook)["webhook"]["webhook_id"]
        self.names.write_text(self.names.read_text().replace("moving.example 93.184.216.34", "moving.example 127.0.0.1"))
        result = self.server.call("", "POST", f"2.0/mlflow/webhooks/{made}/test", {})
        self.assertTrue(result.status_code == 400 or not result.json()["result"].get("success"), result.text)
        self.server.done("", "POST", "2.0/mlflow/registered-models/create", {"name": "m"})
        self.server.done("", "DELETE", f"2.0/mlflow/webhooks/{made}", {})

    def test_the_gateway(self) -> None:
        for number, url in enumerate(self.places()):
            with self.subTest(url):
                secret = {"secret_name": f"s{number}", "secret_value": {"api_key": "k"}, "provider": "openai", "auth_config": {"api_base": url}}
                made = self.server.call("", "POST", "3.0/mlflow/gateway/secrets/create", secret)
                if made.status_code == 400:
                    continue
                definition = {"name": f"d{number}", "secret_id": made.json()["secret"]["secret_id"], "provider": "openai", "model_name": "m"}
                model = self.server.done("", "POST", "3.0/mlflow/gateway/model-definitions/create", definition)["model_definition"]["model_definition_id"]
                endpoint = {"name": f"e{number}", "model_configs": [{"model_definition_id": model, "linkage_type": "PRIMARY", "weight": 1.0}]}
                self.server.done("", "POST", "3.0/mlflow/gateway/endpoints/create", endpoint)
                question = {"messages": [{"role": "user", "content": "?"}]}
                answer = self.server.call("", "POST", f"/gateway/e{number}/mlflow/invocations", question)
                self.assertGreaterEqual(answer.status_code, 400)
                self.assertNotIn("secret", answer.text)

    def test_places_of_artifacts(self) -> None:
        for url in (*self.places(), f"hdfs://{METADATA}/x", f"ftp://{METADATA}/x", f"sftp://{METADATA}/x", "s3://bucket/x", "gs://bucket/x", f"abfss://x@{METADATA}/x", f"r2://x@{METADATA}/x"):
            with self.subTest(url):
                self.assertEqual(self.server.call("", "POST", "2.0/mlflow/experiments/create", {"name": url, "artifact_location": url}).status_code, 400)
                self.server.call("", "POST", "2.0/mlflow/registered-models/create", {"name": "sources"})
                self.assertEqual(self.server.call("", "POST", "2.0/mlflow/model-versions/create", {"name": "sources", "source": url}).status_code, 400)

    def test_it_calls_nobody_by_itself(self) -> None:
        before = len(self.calls.read_text().splitlines())
        experiment = self.server.done("", "POST", "2.0/mlflow/experiments/create", {"name": "quiet"})["experiment_id"]
        for path in ("supported-providers", "supported-models", "provider-config?provider=openai", "provider-config?provider=bedrock", "secrets/config"):
            self.server.done("", "GET", f"/ajax-api/3.0/mlflow/gateway/{path}")
        for path in ("/", "/version", "/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/ui-telemetry"):
            self.assertEqual(self.server.call("", "GET", path).status_code // 100, 2, path)
        self.server.call("", "POST", "/ajax-api/3.0/mlflow/ui-telemetry", {"records": []})
        cost = {"mlflow.llm.model": '"gpt-4o"', "mlflow.llm.provider": '"openai"', "mlflow.chat.tokenUsage": '{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}'}
        headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
        self.assertEqual(self.server.call("", "POST", "/v1/traces", data=spans(f"tr-{uuid.uuid4().hex}", "llm", cost), headers=headers).status_code, 200)
        self.assertEqual(self.calls.read_text().splitlines()[before:], [])
