"""What a user does with MLflow: `write` does it, `verify` reads all of it back and compares.

Everything is derived from names, so that `verify` needs to know nothing of the run of `write`.
Prints one line "RESULT {json}" with the ids that the server gave.
"""

import hashlib
import json
import random
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

EXPERIMENT = "workload Übung 実験"
RUN = "run with a child – ünïcode"
MODEL = "workload-model"
PARAMS = {"learning_rate": "0.01", "layers": "3", "Größe": "groß", "quote": "'; DROP TABLE runs; --"}
METRICS = {"loss": [1 / (step + 1) for step in range(50)], "accuracy": [step / 50 for step in range(50)]}
ARTIFACTS = {
    "empty.bin": 0,
    "one-byte.bin": 1,
    "nested/a/b/c/deep.txt": 4096,
    "nested/with space/plus+sign & co.txt": 333,
    "unicode/Übung – 実験 🚀.txt": 12_345,
    "medium.bin": 5 * 1024 * 1024,
    "large/fifty-megabytes.bin": 50 * 1024 * 1024,
}
OVERWRITTEN = "overwritten.txt"


def content(path: str) -> bytes:
    return random.Random(path).randbytes(ARTIFACTS[path])


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float], params=None) -> list[float]:
        return [2 * value for value in model_input]


def log_file(path: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, Path(path).name)
        file.write_bytes(data)
        parent = Path(path).parent.as_posix()
        mlflow.log_artifact(str(file), None if parent == "." else parent)


def write() -> None:
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=RUN) as run:
        mlflow.log_params(PARAMS)
        mlflow.set_tag("team", "Forschung & Lehre")
        for name, values in METRICS.items():
            for step, value in enumerate(values):
                mlflow.log_metric(name, value, step=step, synchronous=False)
        mlflow.flush_async_logging()
        for path in ARTIFACTS:
            log_file(path, content(path))
        log_file(OVERWRITTEN, b"first")
        log_file(OVERWRITTEN, b"second")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_param("of", run.info.run_id)
        mlflow.pyfunc.log_model(name="model", python_model=Doubler(), registered_model_name=MODEL, pip_requirements=[])
    MlflowClient().set_registered_model_alias(MODEL, "champion", "1")

    @mlflow.trace(name="answer")
    def answer(question: str) -> str:
        with mlflow.start_span("look up") as span:
            span.set_inputs({"question": question})
        return question.upper()

    for question in ("wie?", "why?", "なぜ?"):
        answer(question)
    mlflow.flush_trace_async_logging()


def expect(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        sys.exit(f"{what} is {actual!r} instead of {expected!r}")


def all_files(client: MlflowClient, run_id: str, path: str | None = None) -> dict[str, int]:
    files: dict[str, int] = {}
    for entry in client.list_artifacts(run_id, path):
        files |= all_files(client, run_id, entry.path) if entry.is_dir else {entry.path: entry.file_size or 0}
    return files


def verify() -> dict:
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (run,) = [run for run in client.search_runs([experiment.experiment_id]) if run.info.run_name == RUN]
    run_id = run.info.run_id
    expect("status", run.info.status, "FINISHED")
    expect("parameters", run.data.params, PARAMS)
    expect("tag", run.data.tags["team"], "Forschung & Lehre")
    for name, values in METRICS.items():
        history = sorted(client.get_metric_history(run_id, name), key=lambda metric: metric.step)
        expect(name, [metric.value for metric in history], values)
    (child,) = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'")
    expect("child", child.data.params, {"of": run_id})

    expect("artifacts", all_files(client, run_id), ARTIFACTS | {OVERWRITTEN: len(b"second")})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(client.download_artifacts(run_id, "", folder))
        for path in ARTIFACTS:
            expect(path, hashlib.sha256((root / path).read_bytes()).hexdigest(), hashlib.sha256(content(path)).hexdigest())
        expect(OVERWRITTEN, (root / OVERWRITTEN).read_bytes(), b"second")

    version = client.get_model_version_by_alias(MODEL, "champion")
    expect("version", str(version.version), "1")
    expect("prediction", list(mlflow.pyfunc.load_model(f"models:/{MODEL}@champion").predict([1.0, 2.5])), [2.0, 5.0])

    traces = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
    expect("traces", sorted(json.loads(trace.data.response) for trace in traces), sorted(["WIE?", "WHY?", "なぜ?"]))
    expect("spans", {len(trace.data.spans) for trace in traces}, {2})
    return {"run_id": run_id, "experiment_id": experiment.experiment_id, "artifacts": ARTIFACTS | {OVERWRITTEN: len(b"second")}}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write()
    print("RESULT", json.dumps(verify()))
