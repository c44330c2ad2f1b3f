"""`mlflow-aspire gc`: removes for good what users have deleted (guide A8)."""

from datetime import timedelta

import requests

from . import databases, keys
from .databases import BACKEND
from .errors import Failure, SettingError
from .settings import MutableEnvironment, required

_TRACKING_URI = "MLFLOW_TRACKING_URI"
_HEALTH_TIMEOUT_SECONDS = 30


def gc(environment: MutableEnvironment, older_than: timedelta) -> None:
    """Removes runs, logged models and experiments that were deleted longer ago than `older_than`.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the server or the database does not answer, or something could not be removed.
    """
    databases.settle(environment)
    keys.settle(environment)
    uri = required(environment, BACKEND, "the database of the tracking store")
    _check_server(required(environment, _TRACKING_URI, "the address of the server, which removes the artifacts"))
    # A request that fails is repeated once instead of for minutes: there are more runs to come, and the next gc comes to this one again.
    environment.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")

    # MLflow reads settings while it is imported.
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from .garbage import Garbage

    try:
        store = SqlAlchemyStore(uri, "mlflow-artifacts:/")
    except Exception as error:
        # MLflow wraps some of the database's errors and lets others through.
        raise Failure(f"{BACKEND}: the tracking store cannot be opened: {error}") from error
    Garbage(store).collect(older_than)


def _check_server(uri: str) -> None:
    if not uri.startswith(("http://", "https://")):
        raise SettingError(_TRACKING_URI, "is no address of a server; accepted: http://host:port or https://host")
    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=_HEALTH_TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        raise Failure(f"{_TRACKING_URI}: the server does not answer: {error}") from error
