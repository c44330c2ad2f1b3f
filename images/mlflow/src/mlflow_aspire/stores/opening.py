"""Opening the store for a command that works on it without a server."""

from pathlib import Path

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.file_utils import local_file_uri_to_path

from ..errors import Failure
from . import DESTINATION

# A folder that no server makes: listing it asks the store and finds nothing.
_NO_FOLDER = "mlflow-aspire"


def open_store(destination: str) -> ArtifactRepository:
    """Opens the store that the server keeps artifacts in.

    Raises:
        Failure: it cannot be used.
    """
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
    # Without the server's volume a collection would remove all metadata and no artifact, and a backup would be one without artifacts.
    mounts = {line.split()[4].replace(r"\040", " ") for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()}
    path = folder.resolve()
    if not folder.is_dir() or not any(str(parent) in mounts for parent in (path, *path.parents[:-1])):
        raise Failure(f"{DESTINATION}: there is nothing mounted at {folder}; mount the volume or folder that the server keeps artifacts in")
