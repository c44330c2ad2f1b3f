"""`mlflow-aspire gc`: removes permanently what users have deleted.

Metadata from the database, artifacts from the artifact store, with the server's own settings of both: it needs neither a server that runs nor a sign-in to it.
"""

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from .. import databases, keys, stores
from ..databases import BACKEND, current, schemas
from ..databases.connection import connect, lock, patience
from ..errors import Failure
from ..settings import MutableEnvironment, required

if TYPE_CHECKING:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

# The key of the advisory lock, the same in all versions of this image.
LOCK = 5_000_318


def gc(environment: MutableEnvironment, older_than: timedelta) -> None:
    """Removes runs, logged models and experiments that were deleted longer ago than `older_than`.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the database or the artifact store does not answer, the schema is of another version, or something could not be removed.
    """
    databases.settle(environment)
    keys.settle(environment)
    uri = required(environment, BACKEND, "the database of the tracking store")
    stores.prepare(environment)
    destination = stores.destination_of(environment)
    limit = patience(environment)

    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from .garbage import Garbage

    store = open_store(destination)
    current.check([schemas.tracking(environment)], limit)
    # Two collections at once would each find what the other has just removed gone.
    with closing(connect(BACKEND, uri, limit)) as connection:
        lock(connection, LOCK, "garbage collection")
        Garbage(_tracking_store(uri), store).collect(older_than)


def _tracking_store(uri: str) -> "SqlAlchemyStore":
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    try:
        return SqlAlchemyStore(uri, "mlflow-artifacts:/")
    except Exception as error:
        # MLflow wraps some of the database's errors and lets others through.
        raise Failure(f"{BACKEND}: the tracking store cannot be opened: {error}") from error
