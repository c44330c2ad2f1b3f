"""Leaves one run, and deletes two others, one of which has no artifacts, and an experiment. Prints one line "RESULT {json}" with their ids."""

import json

import mlflow
from mlflow import MlflowClient


def run(name: str, artifact: bool) -> str:
    with mlflow.start_run(run_name=name) as active:
        mlflow.log_param("name", name)
        mlflow.log_metric("value", 1.0)
        if artifact:
            mlflow.log_text("content", "folder/file.txt")
    return active.info.run_id


client = MlflowClient()
doomed = client.create_experiment("doomed experiment")
mlflow.set_experiment(experiment_id=doomed)
in_doomed = run("in the deleted experiment", artifact=True)
client.delete_experiment(doomed)

mlflow.set_experiment("garbage")
result = {
    "kept": run("kept", artifact=True),
    "without_artifacts": run("deleted, without artifacts", artifact=False),
    "with_artifacts": run("deleted, with artifacts", artifact=True),
    "in_deleted_experiment": in_doomed,
}
for name in ("without_artifacts", "with_artifacts"):
    client.delete_run(result[name])
print("RESULT", json.dumps(result))
