"""Another team's MLflow, of the official server with basic authentication and SQLite, with one run that has a file. It says which when it listens."""

import json
import os
import time
from pathlib import Path

import uvicorn

FOLDER = Path("/tmp/source")
ARTIFACTS = FOLDER / "artifacts"

FOLDER.mkdir()
sign_in = FOLDER / "basic_auth.ini"
sign_in.write_text(
    "[mlflow]\n"
    "default_permission = READ\n"
    f"database_uri = sqlite:///{FOLDER}/users.db\n"
    "admin_username = owner\n"
    f"admin_password = {os.environ['OWNER_PASSWORD']}\n"
    "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
)
# What `mlflow server` hands to its workers.
os.environ |= {
    "MLFLOW_AUTH_CONFIG_PATH": str(sign_in),
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "of the source",
    "_MLFLOW_SGI_NAME": "uvicorn",
    "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{FOLDER}/mlflow.db",
    "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(ARTIFACTS),
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
}

from mlflow.entities import Metric  # noqa: E402
from mlflow.server.auth import create_app  # noqa: E402
from mlflow.server.handlers import _get_tracking_store  # noqa: E402

store = _get_tracking_store()
experiment = store.create_experiment("of the source")
run = store.create_run(experiment, "owner", int(time.time() * 1000), [], "imported").info.run_id
store.log_metric(run, Metric("loss", 0.25, 1, 0))
file = ARTIFACTS / experiment / run / "artifacts" / "model.bin"
file.parent.mkdir(parents=True)
file.write_bytes(os.urandom(1024))

print("RESULT " + json.dumps({"imported": run}), flush=True)
uvicorn.run(create_app(), host="0.0.0.0", port=5000, log_level="info", access_log=False)
