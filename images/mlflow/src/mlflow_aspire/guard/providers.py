"""Providers of the AI gateway that MLflow calls through litellm: refused where there is none, before anything is made that answers every call with 500."""

from importlib.util import find_spec
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.gateway.config import Provider
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.providers import normalize_provider_name

# Those that MLflow calls itself.
NATIVE = frozenset(
    provider.value
    for provider in (
        Provider.ANTHROPIC,
        Provider.AZURE,
        Provider.BEDROCK,
        Provider.DATABRICKS,
        Provider.DEEPSEEK,
        Provider.GEMINI,
        Provider.GROQ,
        Provider.MISTRAL,
        Provider.OLLAMA,
        Provider.OPENAI,
        Provider.OPENROUTER,
        Provider.PORTKEY,
        Provider.TYPESAFE,
        Provider.VERTEX_AI,
        Provider.XAI,
    )
)


def apply() -> None:
    """Changes the store, which all ways to a model lead to."""
    if find_spec("litellm"):
        return
    create, update = SqlAlchemyStore.create_gateway_model_definition, SqlAlchemyStore.update_gateway_model_definition

    def create_gateway_model_definition(self: SqlAlchemyStore, name: str, secret_id: str, provider: str, *arguments: Any, **options: Any) -> Any:
        _check(provider)
        return create(self, name, secret_id, provider, *arguments, **options)

    def update_gateway_model_definition(self: SqlAlchemyStore, *arguments: Any, **options: Any) -> Any:
        if options.get("provider"):
            _check(options["provider"])
        return update(self, *arguments, **options)

    SqlAlchemyStore.create_gateway_model_definition = create_gateway_model_definition
    SqlAlchemyStore.update_gateway_model_definition = update_gateway_model_definition


def _check(provider: str) -> None:
    if normalize_provider_name(provider) not in NATIVE:
        accepted = ", ".join(sorted(NATIVE))
        raise MlflowException(f"provider is {provider!r}, which needs litellm, and this image has none; accepted: {accepted}", INVALID_PARAMETER_VALUE)
