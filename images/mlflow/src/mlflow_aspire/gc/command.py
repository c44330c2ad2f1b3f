"""`mlflow-aspire gc`: removes permanently what users have deleted.

Metadata from the database, artifacts from the artifact store, with the server's own settings of both: it needs neither a server that runs nor a sign-in to it.
"""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .. import artifacts, databases, keys
from ..artifacts import DESTINATION
from ..databases import BACKEND, current, schemas
from ..databases.connection import connect, lock, patience
from ..errors import Failure
from ..settings import MutableEnvironment, required

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

# The key of the advisory lock, the same in all versions of this image.
_LOCK = 5_000_318

# A folder that no server makes: listing it asks the store and finds nothing.
_NO_FOLDER = "mlflow-aspire-gc"


def gc(environment: MutableEnvironment, older_than: timedelta) -> None:
    """Removes runs, logged models and experiments that were deleted longer ago than `older_than`.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the database or the artifact store does not answer, the schema is of another version, or something could not be removed.
    """
    databases.settle(environment)
    keys.settle(environment)
    uri = required(environment, BACKEND, "the database of the tracking store")
    artifacts.prepare(environment)
    destination = artifacts.destination_of(environment)
    limit = patience(environment)

    # MLflow reads settings while it is imported.
    from .garbage import Garbage

    store = _artifact_store(destination)
    current.check([schemas.tracking(environment)], limit)
    # Two collections at once would each find what the other has just removed gone.
    with closing(connect(BACKEND, uri, limit)) as connection:
        lock(connection, _LOCK, "garbage collection")
        Garbage(_tracking_store(uri), store).collect(older_than)


def _artifact_store(destination: str) -> "ArtifactRepository":
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.utils.file_utils import local_file_uri_to_path

    if destination.startswith(("file:", "/")):
        _check_mounted(Path(local_file_uri_to_path(destination)))
    try:
        store = get_artifact_repository(destination)
        # Each call tries for a while. A store that is down is found out once, not for each run.
        store.list_artifacts(_NO_FOLDER)
    except Exception as error:
        # The stores' libraries have no error in common.
        raise Failure(f"{DESTINATION}: the artifact store cannot be used: {error}") from error
    return store


def _check_mounted(folder: Path) -> None:
    # What is not there counts as removed: without the server's volume, all metadata would go and no artifact.
    mounts = {line.split()[4].replace(r"\040", " ") for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()}
    path = folder.resolve()
    if not folder.is_dir() or not any(str(parent) in mounts for parent in (path, *path.parents[:-1])):
        raise Failure(f"{DESTINATION}: there is nothing mounted at {folder}; gc needs the volume or folder that the server keeps artifacts in")


def _tracking_store(uri: str) -> "SqlAlchemyStore":
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    try:
        return SqlAlchemyStore(uri, "mlflow-artifacts:/")
    except Exception as error:
        # MLflow wraps some of the database's errors and lets others through.
        raise Failure(f"{BACKEND}: the tracking store cannot be opened: {error}") from error
