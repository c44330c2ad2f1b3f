"""Logs to the server and reads back; then deletes all runs but one. Prints one line "RESULT {json}" with the ids of the runs."""

import json

import mlflow
from mlflow import MlflowClient

client = MlflowClient()
experiment = client.create_experiment("experiment")
kept, deleted, empty, elsewhere = (client.create_run(experiment).info.run_id for _ in range(4))
for run in (kept, deleted):
    client.log_text(run, run, "nested/ünïcode.txt")
    text = mlflow.artifacts.load_text(f"runs:/{run}/nested/ünïcode.txt")
    if text != run:
        raise SystemExit(f"{text!r} was read instead of {run!r}")
for run in (deleted, empty, elsewhere):
    client.delete_run(run)
print("RESULT " + json.dumps({"kept": kept, "elsewhere": elsewhere}))
