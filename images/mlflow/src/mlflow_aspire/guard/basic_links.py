"""A link of an issue with a run, of which basic sign-in checks only the issue: the run must be the caller's to read."""

from mlflow.server import auth
from mlflow.server.handlers import _get_normalized_request_json


def apply() -> None:
    """Completes MLflow's table of checks."""
    table = auth.BEFORE_REQUEST_VALIDATORS
    for key in [key for key, check in table.items() if check is auth.validate_can_create_issue]:
        table[key] = _may_create_issue


def _may_create_issue() -> bool:
    request = _get_normalized_request_json()
    run = request.get("source_run_id") or request.get("sourceRunId")
    return auth.validate_can_create_issue() and (not run or auth._authorize_run_id(run, "read"))
