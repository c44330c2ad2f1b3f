"""What backup, restore, import and check work on: the databases of a server and its artifact store."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import databases, keys, stores
from ..databases import Databases, schemas
from ..databases.connection import patience
from ..databases.schemas import Schema
from ..errors import Failure, SettingError
from ..keys import Keys
from ..settings import Environment, Part
from ..stores import Store

if TYPE_CHECKING:
    from .files import Files


@dataclass(frozen=True)
class Deployment:
    databases: Databases
    keys: Keys
    schemas: list[Schema]
    store: Store
    patience: int

    @property
    def parts(self) -> Sequence[Part]:
        return self.databases, self.keys, self.store


def read(environment: Environment) -> Deployment:
    """Reads what a server has.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    known, own_keys = databases.read(environment), keys.read(environment)
    return Deployment(known, own_keys, schemas.read(environment, known), stores.read(environment), patience(environment))


def open_files(store: Store) -> "Files":
    """Opens the artifact store.

    Raises:
        SettingError: the server has no store.
        Failure: it cannot be used.
    """
    if store.destination is None:
        raise SettingError("MLFLOW_SERVE_ARTIFACTS", "is false: clients keep artifacts elsewhere, and a backup needs them; accepted: true")
    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from .files import Files

    return Files(open_store(store.destination))


@contextmanager
def store_errors() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise Failure(f"{stores.DESTINATION}: {error.message}") from error
