"""The account of the demo with the OIDC plugin: a task can log in to no provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow_oidc_auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.exc import SQLAlchemyError

from ..databases import OIDC_AUTH
from ..errors import Failure

_NAME = "mlflow-demo"
# A demo that is killed leaves its token behind.
_LIFETIME = timedelta(hours=1)


@contextmanager
def access_token(database: str) -> Iterator[dict[str, str]]:
    """The variables by which MLflow's client signs in as the account. The token ends with the context; without one nobody signs in as the account.

    Raises:
        Failure: the database does not answer, the name is somebody else's, or the account gets no token.
    """
    store = SqlAlchemyStore()
    with _failures("the demo gets no token"):
        store.init_db(database)
        _ensure_account(store)
        now = datetime.now(UTC)
        record, token = store.create_user_token(_NAME, f"task {now:%Y-%m-%d %H:%M:%S.%f}", now + _LIFETIME, created_by=None)
    try:
        yield {"MLFLOW_TRACKING_USERNAME": _NAME, "MLFLOW_TRACKING_PASSWORD": token}
    finally:
        with _failures(f"the demo's token stays until it expires, {_LIFETIME} after its issue"):
            store.delete_user_token(_NAME, record.id)


def _ensure_account(store: SqlAlchemyStore) -> None:
    try:
        # An administrator: the demo signs reviews in the names of others.
        store.create_user(_NAME, "MLflow's demo", is_admin=True, is_service_account=True)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
        user = store.get_user_profile(_NAME)
        if not (user.is_service_account and user.is_admin):
            raise Failure(f"the user {_NAME!r} is not the demo's service account with the rights of an administrator; rename it, or grant them") from None


@contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        raise Failure(f"{OIDC_AUTH}: {what}: {error}") from error
