"""`mlflow-aspire gc`: removes permanently what users have deleted.

Metadata from the database, artifacts from the artifact store, with the server's own settings of both: it needs neither a server that runs nor a sign-in to it.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from .. import databases, keys, stores
from ..databases import BACKEND, Databases, current, schemas
from ..databases.connection import connect, lock, patience
from ..databases.schemas import Schema
from ..errors import Failure
from ..keys import Keys
from ..settings import Environment, Part
from ..stores import Store

if TYPE_CHECKING:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

# The key of the advisory lock, the same in all versions of this image.
LOCK = 5_000_318


@dataclass(frozen=True)
class GcSettings:
    databases: Databases
    keys: Keys
    schema: Schema
    store: Store

    destination: str = field(repr=False)
    """Of the store, also where the server does not serve it."""

    patience: int

    @property
    def parts(self) -> Sequence[Part]:
        return self.databases, self.keys, self.store


def read(environment: Environment) -> GcSettings:
    """Reads the settings of the command.

    Raises:
        SettingError: one is missing or wrong.
    """
    known, own_keys = databases.read(environment), keys.read(environment)
    schema = schemas.tracking(known)
    store = stores.read(environment)
    return GcSettings(known, own_keys, schema, store, stores.destination_of(environment), patience(environment))


def gc(settings: GcSettings, older_than: timedelta) -> None:
    """Removes runs, logged models and experiments that were deleted longer ago than `older_than`.

    Raises:
        Failure: the database or the artifact store does not answer, the schema is of another version, or something could not be removed.
    """
    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from .garbage import Garbage

    store = open_store(settings.destination)
    schema, limit = settings.schema, settings.patience
    current.check([schema], limit)
    # Two collections at once would each find what the other has just removed gone.
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        lock(connection, LOCK, "garbage collection")
        Garbage(_tracking_store(schema.uri), store).collect(older_than)


def _tracking_store(uri: str) -> "SqlAlchemyStore":
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    try:
        return SqlAlchemyStore(uri, "mlflow-artifacts:/")
    except Exception as error:
        # MLflow wraps some of the database's errors and lets others through.
        raise Failure(f"{BACKEND}: the tracking store cannot be opened: {error}") from error
