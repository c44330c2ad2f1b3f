"""Asks the server for what it might call somebody else for: its pages, the models and providers of the AI gateway, and the costs of a trace."""

import os

import mlflow
import requests
from mlflow.entities import SpanType
from mlflow.tracing.constant import SpanAttributeKey
from sklearn.linear_model import LinearRegression

SERVER = os.environ["MLFLOW_TRACKING_URI"]
SIGN_IN = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]

for path in (
    "/",
    "/version",
    "/health",
    "/api/3.0/mlflow/server-info",
    "/ajax-api/3.0/mlflow/ui-telemetry",
    "/ajax-api/3.0/mlflow/gateway/supported-providers",
    "/ajax-api/3.0/mlflow/gateway/supported-models",
    "/ajax-api/3.0/mlflow/gateway/provider-config?provider=openai",
    "/ajax-api/3.0/mlflow/gateway/provider-config?provider=bedrock",
    "/ajax-api/3.0/mlflow/gateway/secrets/config",
):
    requests.get(SERVER + path, auth=SIGN_IN, timeout=60).raise_for_status()

mlflow.set_experiment("everything")
for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4"), ("cohere", "command-r")):
    with mlflow.start_span("answer", SpanType.LLM) as span:
        span.set_attributes(
            {
                SpanAttributeKey.MODEL: model,
                SpanAttributeKey.MODEL_PROVIDER: provider,
                SpanAttributeKey.CHAT_USAGE: {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            }
        )
mlflow.flush_trace_async_logging()
version = mlflow.genai.register_prompt("salutation", "Hello {{name}}")
with mlflow.start_run():
    mlflow.log_metric("m", 1.0)
    model = LinearRegression().fit([[0], [1]], [0, 1])
    # With what it needs, or a further process would find that out.
    mlflow.sklearn.log_model(model, name="model", registered_model_name="registered", pip_requirements=["scikit-learn"])
mlflow.pyfunc.load_model("models:/registered/1").predict([[2.0]])
