"""Whether the artifact store can be used: no bucket, no trust in its certificate, an unknown host key or a folder of somebody else's would show at its first use."""

import tempfile
import threading
import time
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.file_utils import local_file_uri_to_path

from .errors import StoreError, is_transient

_PAUSE_SECONDS = 60.0
# A folder that no server makes: listing it asks the store and finds nothing.
_NO_FOLDER = "mlflow-aspire-probe"
# Errors of TLS have no status that would tell them from a store that is down.
_DISTRUST = "certificate verify failed"


class StoreProbe:
    """Asks the store again and again, in a thread of its own: a store that is down takes its time."""

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self.problem: str | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="store-probe", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.problem = problem(self._destination)
            time.sleep(_PAUSE_SECONDS)


def problem(destination: str) -> str | None:
    """What keeps the store from being used and does not pass by itself; None when there is nothing, or the store is down: runs go on without it."""
    try:
        if destination.startswith(("file:", "/")):
            _write(Path(local_file_uri_to_path(destination)))
        else:
            get_artifact_repository(destination).list_artifacts(_NO_FOLDER)
    except StoreError as error:
        return None if is_transient(error) and _DISTRUST not in error.message.lower() else error.message
    except MlflowException as error:
        return error.message
    return None


def _write(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreError(f"The artifact store at {folder} takes no files: {error.strerror}", PERMISSION_DENIED) from error
