"""Does what a user does with MLflow (`write FOLDER`), and tells what is in a server and in the folder of its artifacts, or does that only (`read FOLDER`).

It prints one line "RESULT {json}".

Runs in images of different versions. Numbers of experiments, and the store that artifacts are in, are left out: an import may change them.
"""

import hashlib
import json
import sys
from pathlib import Path

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.entities import ViewType

EXPERIMENT, DELETED = "import 実験", "deleted experiment"
MODEL, PROMPT = "Modell Übung", "prompt"

client = MlflowClient()


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


def write() -> None:
    experiment = client.create_experiment(EXPERIMENT, tags={"team": "Forschung & Lehre"})
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_name="parent", tags={"note": "100 %"}) as run:
        mlflow.log_params({"quote": "'; DROP TABLE runs; --", "lines": "a\tb\\n\nc"})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"nan": float("nan"), "infinite": float("inf")})
        mlflow.log_text("grüß dich", "notes/a b ü.txt")
        mlflow.log_input(mlflow.data.from_numpy(numpy.arange(3), name="numbers"))
        mlflow.pyfunc.log_model(name="model", python_model=Model(), registered_model_name=MODEL, pip_requirements=[])
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("loss", 0.5, model_id=client.search_logged_models([experiment])[0].model_id)
    client.set_registered_model_tag(MODEL, "stage", "test")
    client.set_registered_model_alias(MODEL, "champion", "1")
    mlflow.genai.register_prompt(PROMPT, "Why {{ thing }}?", commit_message="first")
    mlflow.genai.set_prompt_alias(PROMPT, "best", 1)
    client.delete_run(client.create_run(experiment, run_name="deleted").info.run_id)
    client.delete_experiment(client.create_experiment(DELETED))
    with mlflow.start_span("question") as span:
        span.set_inputs({"question": "なぜ?"})
        with mlflow.start_span("look up"):
            pass
        span.set_outputs("answer")
    mlflow.flush_trace_async_logging()
    assert run.info.run_id


def read(folder: str) -> dict:
    names = {experiment.experiment_id: experiment.name for experiment in client.search_experiments(ViewType.ALL)}
    numbers = {name: number for number, name in names.items()}

    def place(location: str, experiment: str) -> str:
        # A folder of the test may begin with the same digit.
        return f"{names[experiment]}/{f'{location}/'.partition(f'/{experiment}/')[2]}"

    def value(number: float) -> str:
        # A database keeps what is infinite as the largest number.
        return repr(min(number, sys.float_info.max))

    def run_content(run) -> list:
        # A file store has a value of a run once more when a model is logged.
        history = {key: sorted({(metric.timestamp, metric.step, value(metric.value)) for metric in client.get_metric_history(run.info.run_id, key)}) for key in sorted(run.data.metrics)}
        inputs = [[entry.dataset.name, entry.dataset.digest, entry.dataset.schema] for entry in run.inputs.dataset_inputs]
        info = run.info
        tags = {key: value for key, value in run.data.tags.items() if key != "mlflow.user"}
        return [info.run_id, info.run_name, info.status, info.lifecycle_stage, info.start_time, info.end_time, place(info.artifact_uri, info.experiment_id),
                run.data.params, tags, history, inputs]  # fmt: skip

    runs = client.search_runs([*names], run_view_type=ViewType.ALL)
    active = [numbers[EXPERIMENT]]
    logged = client.search_logged_models(active)
    version = client.get_model_version_by_alias(MODEL, "champion")
    prompt = mlflow.genai.load_prompt(f"prompts:/{PROMPT}@best")
    traces = client.search_traces(locations=active, include_spans=False)
    root = Path(folder)
    files = {}
    for file in (path for path in root.rglob("*") if path.is_file() and "artifacts" in path.relative_to(root).parts[:-1]):
        experiment, *rest = file.relative_to(root).parts
        files["/".join([names[experiment], *rest])] = hashlib.sha256(file.read_bytes()).hexdigest()
    return {
        "experiments": sorted([e.name, e.lifecycle_stage, place(e.artifact_location, e.experiment_id), e.tags] for e in client.search_experiments(ViewType.ALL)),
        "runs": sorted((run_content(run) for run in runs), key=str),
        "models": [[m.model_id, m.name, m.source_run_id, place(m.artifact_location, m.experiment_id), m.params, m.tags, sorted({x.key for x in m.metrics or []})] for m in logged],
        "registered": [version.name, version.version, version.run_id, version.source, version.aliases, client.get_registered_model(MODEL).tags],
        "prompt": [prompt.version, prompt.template, prompt.commit_message],
        "traces": [[trace.info.trace_id, trace.info.request_time, trace.info.request_preview, trace.info.response_preview] for trace in traces],
        "files": files,
    }


if sys.argv[1] == "write":
    write()
print("RESULT " + json.dumps(read(sys.argv[2]), sort_keys=True))
