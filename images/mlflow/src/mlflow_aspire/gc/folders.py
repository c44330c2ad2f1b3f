"""Where the server keeps the artifacts of a run or a logged model in its store."""

import re
from urllib.parse import urlsplit

from mlflow.utils.uri import validate_path_is_safe

from ..errors import Failure

SCHEME = "mlflow-artifacts"
_ARTIFACTS = "artifacts"


def folder_of(owner: str, uri: str) -> str:
    """The folder, relative to the store's root, of the artifacts that a run or logged model has at `uri`.

    Users choose the artifact location of an experiment, and what is below it. So the folder must carry the id of its owner, which MLflow
    makes up: no location leads to the artifacts of another run, or to the whole store.

    Raises:
        Failure: the artifacts are not in the server's store, or the folder is not the owner's.
    """
    address = urlsplit(uri)
    if address.scheme != SCHEME or address.netloc or address.query or address.fragment:
        raise Failure(f"its artifacts are at {uri!r}, and the store of this server is {SCHEME}:/")
    # As MLflow's client sends it and the server decodes it, which is where it was written.
    path = validate_path_is_safe(re.sub("//+", "/", address.path).lstrip("/"))
    parts = path.split("/")
    if parts[-2:] != [owner, _ARTIFACTS] or "." in parts or "" in parts:
        raise Failure(f"its artifacts are at {uri!r}, which is not a folder of its own (…/{owner}/{_ARTIFACTS})")
    return path
