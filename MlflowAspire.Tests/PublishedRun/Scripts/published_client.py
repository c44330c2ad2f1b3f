"""What a user of the published server does: `write` logs a run and deletes another one, `verify` looks at what garbage collection has left."""

import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

CONTENT = os.urandom(1024) * 1024


def log(name: str) -> str:
    with mlflow.start_run(run_name=name) as run, tempfile.TemporaryDirectory() as folder:
        mlflow.log_metric("loss", 0.5)
        file = Path(folder, "model.bin")
        file.write_bytes(CONTENT)
        mlflow.log_artifact(str(file))
    return run.info.run_id


def write() -> dict[str, str]:
    mlflow.set_experiment("published")
    kept, deleted = log("kept"), log("deleted")
    if Path(mlflow.artifacts.download_artifacts(run_id=kept, artifact_path="model.bin")).read_bytes() != CONTENT:
        raise AssertionError("the artifact is another one than was logged")
    mlflow.delete_run(deleted)
    return {"kept": kept, "deleted": deleted}


def verify(runs: dict[str, str]) -> list[str]:
    client = mlflow.MlflowClient()
    found = []
    for name, run_id in runs.items():
        try:
            client.get_run(run_id)
            found.append(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
    return sorted(found)


print("RESULT " + json.dumps(write() if sys.argv[1] == "write" else verify(json.loads(sys.argv[2]))))
