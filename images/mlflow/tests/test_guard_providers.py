import time
import unittest
from types import SimpleNamespace

from guarded import GuardedTest
from mlflow.gateway.config import Provider
from mlflow.utils.providers import normalize_provider_name

from mlflow_aspire.guard.providers import NATIVE


class NativeTest(unittest.TestCase):
    def test_mlflow_sends_all_others_to_litellm(self) -> None:
        from mlflow.server.gateway_api import _build_endpoint_config

        for provider in Provider:
            model = SimpleNamespace(provider=provider.value, model_name="m", secret_value={"api_key": "k"}, auth_config={"api_base": "https://models.example", "aws_region_name": "r"})
            try:
                endpoint = _build_endpoint_config("e", model, "llm/v1/chat")
            except Exception as error:
                # Its settings are others. It has been found, which those for litellm never fail at.
                endpoint = None
                self.assertNotIn("litellm", str(error).lower())
            to_litellm = endpoint is not None and endpoint.model.provider == Provider.LITELLM
            self.assertEqual(to_litellm, normalize_provider_name(provider.value) not in NATIVE, provider)


class ProviderTest(GuardedTest):
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
