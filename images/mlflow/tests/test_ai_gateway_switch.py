"""MLFLOW_ENABLE_AI_GATEWAY: with false neither the gateway's settings nor its endpoints can be used."""

from mlflow.utils.server_info import SERVER_INFO_FEATURES_ENABLED as FEATURES
from serving import ServerTest

_SECRET = {"secret_name": "key", "secret_value": {"api_key": "sk-1"}, "provider": "openai"}
_CHAT = {"messages": [{"role": "user", "content": "?"}]}


class OnTest(ServerTest):
    def test_it_is_there_by_default(self) -> None:
        self.server.done("", "POST", "3.0/mlflow/gateway/secrets/create", _SECRET)
        answer = self.server.call("", "POST", "/gateway/nothing/mlflow/invocations", _CHAT)
        self.assertEqual(answer.status_code, 404, answer.text)
        self.assertTrue(self.server.done("", "GET", "3.0/mlflow/server-info")[FEATURES]["gateway"])


class OffTest(ServerTest):
    settings = {"MLFLOW_ENABLE_AI_GATEWAY": "false"}

    def test_it_is_switched_off(self) -> None:
        for path, body in (("/api/3.0/mlflow/gateway/secrets/create", _SECRET), ("/gateway/nothing/mlflow/invocations", _CHAT)):
            answer = self.server.call("", "POST", path, body)
            self.assertEqual(answer.status_code, 501, path)
            self.assertIn("AI Gateway feature is disabled", answer.text)
        self.assertFalse(self.server.done("", "GET", "3.0/mlflow/server-info")[FEATURES]["gateway"])
