"""What a user of the published server does: logs a run, and another one that is deleted."""

import json
import os
import tempfile
from pathlib import Path

import mlflow

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


print("RESULT " + json.dumps(write()))
