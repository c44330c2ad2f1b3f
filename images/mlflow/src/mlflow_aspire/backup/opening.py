"""What backup, restore, import and check work on: the databases of a server and its artifact store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import databases, keys, stores
from ..databases import schemas
from ..databases.schemas import Schema
from ..errors import Failure, SettingError
from ..settings import Environment, MutableEnvironment, flag

if TYPE_CHECKING:
    from .files import Files


def open_databases(environment: MutableEnvironment) -> list[Schema]:
    """Readies the process for the databases and the store, and tells the schemas.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    databases.settle(environment)
    keys.settle(environment)
    configured = schemas.configured(environment)
    stores.prepare(environment)
    return configured


def open_files(environment: Environment) -> "Files":
    """Opens the artifact store, of an environment whose databases are open.

    Raises:
        SettingError: the server has no store.
        Failure: it cannot be used.
    """
    if not flag(environment, "MLFLOW_SERVE_ARTIFACTS", True):
        raise SettingError("MLFLOW_SERVE_ARTIFACTS", "is false: clients keep artifacts elsewhere, and a backup needs them; accepted: true")
    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from .files import Files

    return Files(open_store(stores.destination_of(environment)))


@contextmanager
def store_errors() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise Failure(f"{stores.DESTINATION}: {error.message}") from error
