"""Uses the AI gateway and a job as people do: gives the gateway a provider's key, asks it, and lets a judge score a trace by it in a job.

Prints what came of it as JSON. Usage: gateway_and_jobs.py PROVIDER KEY
"""

import json
import os
import sys
import time

import mlflow
import requests
from mlflow.genai.scorers import Guidelines

SERVER = os.environ["MLFLOW_TRACKING_URI"]
LIMIT_SECONDS = 180

session = requests.Session()
session.auth = (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])


def call(method: str, path: str, body: object = None) -> dict:
    answer = session.request(method, SERVER + path, json=body, timeout=60)
    if not answer.ok:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def gateway(action: str, body: object) -> dict:
    return call("POST", f"/api/3.0/mlflow/gateway/{action}", body)


provider, key = sys.argv[1:]
secret = gateway("secrets/create", {"secret_name": "key", "secret_value": {"api_key": key}, "provider": "openai", "auth_config": {"api_base": provider}})
model = gateway(
    "model-definitions/create", {"name": "judge", "secret_id": secret["secret"]["secret_id"], "provider": "openai", "model_name": "judge"}
)
gateway(
    "endpoints/create",
    {
        "name": "judge",
        "model_configs": [{"model_definition_id": model["model_definition"]["model_definition_id"], "linkage_type": "PRIMARY", "weight": 1.0}],
    },
)
chat = call("POST", "/gateway/judge/mlflow/invocations", {"messages": [{"role": "user", "content": "Which key?"}]})

experiment = mlflow.set_experiment("scored").experiment_id
with mlflow.start_span("answer") as span:
    span.set_inputs({"question": "Which way?"})
    span.set_outputs("That way, please.")
mlflow.flush_trace_async_logging()

scorer = Guidelines(name="polite", guidelines=["The answer is polite."], model="gateway:/judge")
invoked = call(
    "POST",
    "/ajax-api/3.0/mlflow/scorer/invoke",
    {"experiment_id": experiment, "serialized_scorer": json.dumps(scorer.model_dump()), "trace_ids": [span.trace_id], "log_assessments": True},
)
job = invoked["jobs"][0]["job_id"]
end = time.monotonic() + LIMIT_SECONDS
while (state := call("GET", f"/ajax-api/3.0/mlflow/jobs/{job}"))["status"] in ("PENDING", "RUNNING"):
    if time.monotonic() > end:
        raise SystemExit(f"the job has not ended within {LIMIT_SECONDS} s: {state}")
    time.sleep(0.5)

assessments = [(found.name, found.value, found.rationale) for found in mlflow.get_trace(span.trace_id).info.assessments]
print(json.dumps({"experiment": experiment, "chat": chat["choices"][0]["message"]["content"], "job": state, "assessments": assessments}))
