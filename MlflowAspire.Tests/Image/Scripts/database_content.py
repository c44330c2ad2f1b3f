"""Fills the tracking database (`write`), and prints what is in it; or prints what is in databases (`read [URI]...`): a line "RESULT {json}" for each.

Runs in images of different versions, on the databases themselves.
"""

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

MODEL = "Modell Übung"


def write(client: MlflowClient) -> None:
    experiment = client.create_experiment("experiment 実験", artifact_location="/tmp/artifacts/1", tags={"team": "Forschung & Lehre"})
    run = client.create_run(experiment, run_name="parent").info.run_id
    metrics = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(20)] + [Metric("nan", float("nan"), 1_700_000_000_000, 0)]
    client.log_batch(run, metrics, [Param("quote", "'; DROP TABLE runs; --"), Param("long", "ü" * 600)], [RunTag("note", "100 %")])
    client.set_terminated(run)
    client.delete_run(client.create_run(experiment, run_name="deleted").info.run_id)
    client.delete_experiment(client.create_experiment("deleted experiment", artifact_location="/tmp/artifacts/2"))
    client.create_registered_model(MODEL, tags={"stage": "test"}, description="description")
    client.create_model_version(MODEL, "/tmp/artifacts/1/model", run_id=run, tags={"version": "first"})
    client.set_registered_model_alias(MODEL, "champion", "1")
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_span("question") as span:
        span.set_inputs({"question": "なぜ?"})
        with mlflow.start_span("look up"):
            pass
        span.set_outputs("answer")
    mlflow.flush_trace_async_logging()


def read(client: MlflowClient) -> dict:
    experiments = client.search_experiments(ViewType.ALL, order_by=["name"])
    runs = client.search_runs([experiment.experiment_id for experiment in experiments], run_view_type=ViewType.ALL, order_by=["run_name"])
    model = client.get_registered_model(MODEL)
    version = client.get_model_version_by_alias(MODEL, "champion")
    traces = client.search_traces(locations=[experiment.experiment_id for experiment in experiments if experiment.lifecycle_stage == "active"])
    return {
        "experiments": [[experiment.name, experiment.lifecycle_stage, experiment.artifact_location, experiment.tags] for experiment in experiments],
        "runs": [[run.info.run_id, run.info.run_name, run.info.status, run.info.lifecycle_stage, run.data.params, run.data.tags] for run in runs],
        "metrics": [[repr(metric.value), metric.timestamp, metric.step] for name in ("loss", "nan") for metric in client.get_metric_history(runs[-1].info.run_id, name)],
        "model": [model.name, model.description, model.tags, model.aliases, version.version, version.source, version.run_id, version.tags],
        "traces": [[trace.info.trace_id, [[span.name, span.inputs, span.outputs] for span in trace.data.spans]] for trace in traces],
    }


if sys.argv[1] == "write":
    write(MlflowClient())
for uri in sys.argv[2:] or [None]:
    print("RESULT " + json.dumps(read(MlflowClient(uri))))
