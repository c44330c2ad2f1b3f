"""Where artifacts are: what callers may name as the location of an experiment and as the source of a model's version.

The server reads and writes there with its own rights on the store, and the sign-in knows only the experiment or the model.
"""

import os
import re
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from mlflow.entities import TraceInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.server import ARTIFACT_ROOT_ENV_VAR, handlers
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracing.utils.artifact_utils import get_artifact_uri_for_trace
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import append_to_uri_path, is_local_uri

from . import paths

_SERVER = "mlflow-artifacts"
# Below a folder of this name are the artifacts of the experiment with this id.
_EXPERIMENT = re.compile(r"[0-9]+(/|$)")


def apply() -> None:
    """Adds to MLflow's checks."""
    validate, validate_path = handlers._validate_artifact_uri_scheme, handlers.validate_path_is_safe

    def validate_artifact_uri_scheme(uri: str, field_name: str) -> None:
        validate(uri, field_name)
        if field_name == "artifact_location":
            _check_location(uri)
        elif field_name == "source":
            _refuse(field_name, uri, _problem_of_path(uri))

    def validate_path_is_safe(path: str) -> str:
        # Those of addresses have been refused already. These are from bodies and GraphQL.
        _refuse("path", path, paths.problem(path))
        return validate_path(path)

    handlers.validate_path_is_safe = validate_path_is_safe
    handlers._validate_artifact_uri_scheme = validate_artifact_uri_scheme
    # A place, of whatever store, must be below that of the run or the model that the version names.
    handlers._is_mlflow_artifact_source = lambda source: urlsplit(source).scheme not in ("runs", "models")
    handlers.get_artifact_uri_for_trace = _artifact_uri_of_trace
    open_store = handlers._get_artifact_repository_for_uri

    def get_artifact_repository_for_uri(uri: str) -> ArtifactRepository:
        _check_folder(uri)
        return open_store(uri)

    handlers._get_artifact_repository_for_uri = get_artifact_repository_for_uri


def _check_folder(uri: str) -> None:
    """No caller can name a folder of the server's own disk, where its environment is. Imported rows may, as notebooks keep their files beside them."""
    if not is_local_uri(uri, is_tracking_or_registry_uri=False):
        return
    root = _root()
    if not is_local_uri(root, is_tracking_or_registry_uri=False) or not _path(uri).is_relative_to(_path(root)):
        raise MlflowException(f"the files are at {uri!r}, a folder of the machine that they were written on: they were not imported", RESOURCE_DOES_NOT_EXIST)


def _root() -> str:
    # MLflow's command sets it, of options of its own.
    return os.environ[ARTIFACT_ROOT_ENV_VAR]


def _path(uri: str) -> PurePath:
    return PurePath(os.path.abspath(local_file_uri_to_path(uri)))


def _check_location(location: str) -> None:
    root = _root().rstrip("/") + "/"
    if root.startswith(f"{_SERVER}:"):
        root = f"{_SERVER}:/"
    if not location.startswith(root) or urlsplit(location).netloc != urlsplit(root).netloc:
        raise _error("artifact_location", location, f"accepted: {root}<path>, the store of this server")
    _refuse("artifact_location", location, _problem_of_path(location))
    if urlsplit(location).query or _EXPERIMENT.match(location.removeprefix(root).lstrip("/")):
        raise _error("artifact_location", location, "it has a query, or starts with a number, as the folder of another experiment does")


def _problem_of_path(uri: str) -> str | None:
    return paths.problem(unquote(urlsplit(uri).path).lstrip("/"))


def _artifact_uri_of_trace(trace_info: TraceInfo) -> str:
    """The tag that says where the files of a trace are, if it says what the server has written there."""
    uri = get_artifact_uri_for_trace(trace_info)
    location = handlers._get_tracking_store().get_experiment(trace_info.experiment_id).artifact_location
    if uri != append_to_uri_path(location, SqlAlchemyStore.TRACE_FOLDER_NAME, trace_info.trace_id, SqlAlchemyStore.ARTIFACTS_FOLDER_NAME):
        raise MlflowException(f"the files of trace {trace_info.trace_id} are at {uri!r}, which is not its folder in its experiment", INVALID_PARAMETER_VALUE)
    return uri


def _refuse(field: str, value: str, problem: str | None) -> None:
    if problem:
        raise _error(field, value, problem)


def _error(field: str, value: str, problem: str) -> MlflowException:
    return MlflowException(f"{field} is {value!r}: {problem}", INVALID_PARAMETER_VALUE)
