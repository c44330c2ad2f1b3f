"""Users and permissions through MLflow's own client. Starts as the administrator of the environment.

Prints one line "RESULT {json}" with what happened.
"""

import json
import os
from contextlib import contextmanager

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client

# MLflow takes only ASCII where artifacts are sent and got.
READER, EDITOR = ("reader", "reader's p@ss:w/rd%20 1"), ("editor", "%41\\ {}$HOME#?&+!~ ';\"")


@contextmanager
def signed_in(user: str, password: str):
    before = {name: os.environ[name] for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")}
    os.environ.update(MLFLOW_TRACKING_USERNAME=user, MLFLOW_TRACKING_PASSWORD=password)
    try:
        yield
    finally:
        os.environ.update(before)


def outcome(action) -> str:
    try:
        action()
    except MlflowException as error:
        return "refused" if "401" in str(error) or "Permission denied" in str(error) else str(error)
    return "done"


def log_run() -> None:
    with mlflow.start_run(experiment_id=experiment):
        mlflow.log_text("text", "note.txt")


users = get_app_client("basic-auth", tracking_uri=os.environ["MLFLOW_TRACKING_URI"])
for name, password in (READER, EDITOR):
    users.create_user(name, password)
experiment = MlflowClient().create_experiment("of the administrator")
users.grant_user_permission(EDITOR[0], "experiment", experiment, "EDIT")

result = {"admin_writes": outcome(log_run)}
with signed_in(*READER):
    result["reader_reads"] = outcome(lambda: MlflowClient().get_experiment(experiment))
    result["reader_writes"] = outcome(log_run)
    result["reader_makes_own"] = outcome(lambda: MlflowClient().create_experiment("of the reader"))
    result["reader_makes_user"] = outcome(lambda: users.create_user("another", "another password"))
with signed_in(*EDITOR):
    result["editor_writes"] = outcome(log_run)
    result["editor_deletes"] = outcome(lambda: MlflowClient().delete_experiment(experiment))
with signed_in(READER[0], "not this one"):
    result["wrong_password"] = outcome(lambda: MlflowClient().get_experiment(experiment))
with signed_in("nobody", READER[1]):
    result["unknown_user"] = outcome(lambda: MlflowClient().get_experiment(experiment))
print("RESULT", json.dumps(result))
