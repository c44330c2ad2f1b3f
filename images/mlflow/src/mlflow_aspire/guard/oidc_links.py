"""Links of one object with another, of which the OIDC plugin checks only the first: the other must be the caller's to read, as with basic sign-in."""

from collections.abc import Callable

from mlflow_oidc_auth.hooks import before_request
from mlflow_oidc_auth.utils import all_source_values
from mlflow_oidc_auth.validators._referenced import nested_body_values, referenced_logged_model_permission, referenced_run_permission
from mlflow_oidc_auth.validators.trace import validate_can_read_traces_from_trace_ids

_Validator = Callable[[str], bool]


def apply() -> None:
    """Completes the plugin's tables of checks."""
    table = before_request.BEFORE_REQUEST_VALIDATORS
    for end, check in (
        ("/mlflow/traces/link-to-run", validate_can_read_traces_from_trace_ids),
        ("/mlflow/runs/log-inputs", _may_update_models),
        ("/mlflow/runs/outputs", _may_update_models),
        ("/mlflow/issues", _may_read_source_run),
    ):
        for path, method in [key for key in table if key[0].endswith(end) and key[1] == "POST"]:
            table[path, method] = _both(table[path, method], check)
    logged_models = before_request.LOGGED_MODEL_BEFORE_REQUEST_VALIDATORS
    for pattern, method in [key for key in logged_models if key[0].pattern.endswith("/mlflow/logged-models") and key[1] == "POST"]:
        logged_models[pattern, method] = _both(logged_models[pattern, method], _may_read_source_run)


def _both(first: _Validator, second: _Validator) -> _Validator:
    return lambda user: first(user) and second(user)


def _may_update_models(user: str) -> bool:
    return all(referenced_logged_model_permission(model, user).can_update for model in nested_body_values("models", "model_id"))


def _may_read_source_run(user: str) -> bool:
    return all(referenced_run_permission(run, user).can_read for run in all_source_values("source_run_id"))
