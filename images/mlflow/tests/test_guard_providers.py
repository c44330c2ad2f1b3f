import unittest
from types import SimpleNamespace

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
