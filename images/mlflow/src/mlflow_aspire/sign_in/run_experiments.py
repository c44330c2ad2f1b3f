"""The experiment of a run, from which a run has its permissions: one column, for each request that names a run.

MLflow's basic authentication reads the whole run for it, with the values of all its metrics and parameters, and the OIDC plugin its row.
"""

from collections.abc import Callable
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any

from cachetools import TTLCache, cached
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.tracking.dbmodels.models import SqlRun
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin


def experiment_of(store: SqlAlchemyStore, run_id: str) -> str:
    """
    Raises:
        MlflowException: there is no such run in the workspace of the request.
    """
    # A workspace has its runs only as long as it has their experiment.
    return _read(store, run_id) if isinstance(store, WorkspaceAwareMixin) else _remembered(store, run_id)


def _read(store: SqlAlchemyStore, run_id: str) -> str:
    with store.ManagedSessionMaker() as session:
        found = store._get_query(session, SqlRun).with_entities(SqlRun.experiment_id).filter(SqlRun.run_uuid == run_id).one_or_none()
    if found is None:
        raise MlflowException(f"Run with id={run_id} not found", RESOURCE_DOES_NOT_EXIST)
    return str(found.experiment_id)


# A run stays in its experiment.
_remembered = cached(TTLCache(maxsize=10_000, ttl=60), lock=Lock())(_read)


def apply_to_basic() -> None:
    from mlflow.server import auth

    auth._fetch_or_none = _in_short(auth._fetch_or_none)


def apply_to_oidc() -> None:
    from mlflow_oidc_auth import utils

    from ..guard.replacing import replace

    replace(utils.get_run_experiment_id, experiment_of)


def _in_short(fetch_or_none: Callable[..., Any]) -> Callable[..., Any]:
    """Runs are asked for in one place, which looks at nothing but the experiment."""

    def fetch(get: Callable[[str], Any], identifier: str) -> Any:
        if get.__name__ == "get_run":
            get = partial(_run, get.__self__)  # type: ignore[attr-defined]
        return fetch_or_none(get, identifier)

    return fetch


def _run(store: SqlAlchemyStore, run_id: str) -> SimpleNamespace:
    return SimpleNamespace(info=SimpleNamespace(experiment_id=experiment_of(store, run_id)))
