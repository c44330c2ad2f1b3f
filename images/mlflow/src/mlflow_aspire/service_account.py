"""A user of the OIDC plugin for the server's own tasks, which can log in to no provider."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow_oidc_auth.sqlalchemy_store import SqlAlchemyStore

# The plugin warns of settings that the server has and a task does not need.
logging.getLogger("uvicorn").setLevel(logging.ERROR)

_NAME = "mlflow-aspire"
# A task that is killed leaves its token behind.
_LIFETIME = timedelta(hours=1)


@contextmanager
def access_token(database: str) -> Iterator[dict[str, str]]:
    """The variables by which MLflow's client signs in as the service account, which has no rights of an administrator. The token ends with the context."""
    store = SqlAlchemyStore()
    store.init_db(database)
    try:
        store.create_user(_NAME, "Tasks of the MLflow server", is_service_account=True)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    record, token = store.create_user_token(_NAME, f"task {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", datetime.now(UTC) + _LIFETIME, created_by=None)
    try:
        yield {"MLFLOW_TRACKING_USERNAME": _NAME, "MLFLOW_TRACKING_PASSWORD": token}
    finally:
        store.delete_user_token(_NAME, record.id)
