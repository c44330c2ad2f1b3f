"""The artifact store: where it is, and exactly one way to sign in to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from ..errors import SettingError
from ..settings import Environment, Exports, flag, required, seconds
from . import checks, files

DESTINATION = "MLFLOW_ARTIFACTS_DESTINATION"

_BLOB_CREDENTIALS = ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY")
BLOB_CONTAINER = re.compile(r"wasbs://[^@/]+@[^./]+\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)(/.*)?")
_SCHEMES = ("wasbs", "s3", "gs", "ftp", "sftp", "hdfs", "viewfs", "file")


@dataclass(frozen=True)
class Store:
    destination: str | None = field(repr=False)
    """Where the server keeps artifacts, which may hold a password. None where clients keep them elsewhere (MLFLOW_SERVE_ARTIFACTS is false)."""

    contents: Mapping[str, str] = field(repr=False)
    """Those of the files that the store's library reads, by their variables."""

    empty_credentials: tuple[str, ...]
    """Variables that are there but empty, which MLflow takes for credentials."""

    def exports(self) -> Exports:
        return {**dict.fromkeys(self.empty_credentials), **files.write(self.contents)}


def read(environment: Environment) -> Store:
    """Reads the destination of proxied artifacts, and checks it and what its store needs.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    empty = tuple(name for name in _BLOB_CREDENTIALS if environment.get(name) == "")
    if not flag(environment, "MLFLOW_SERVE_ARTIFACTS", True):
        return Store(None, {}, empty)
    destination = destination_of(environment)
    # The stores, which MLflow opens, read it themselves.
    patience(environment)
    scheme = destination.partition("://")[0]
    schemes = (*_SCHEMES, *sorted(plugin.name for plugin in entry_points(group="mlflow.artifact_repository")))
    if scheme not in schemes and not destination.startswith("/"):
        raise SettingError(DESTINATION, f"is of no known store; accepted: {', '.join(f'{scheme}://' for scheme in schemes)} or a path that starts with /")
    if scheme == "wasbs":
        _check_blobs(environment, destination)
    checks.check(scheme, environment)
    return Store(destination, files.read(environment), empty)


def destination_of(environment: Environment) -> str:
    return required(environment, DESTINATION, "the store that the server keeps artifacts in")


def patience(environment: Environment) -> int:
    """How many seconds a store that does not answer is tried: by default enough for its restart, and well below the two minutes of MLflow's client."""
    return seconds(environment, "MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS", 20)


def _check_blobs(environment: Environment, destination: str) -> None:
    if not BLOB_CONTAINER.fullmatch(destination):
        raise SettingError(DESTINATION, f"is {destination!r}; accepted: wasbs://<container>@<account>.blob.core.windows.net[/<path>]")
    if all(environment.get(name) for name in _BLOB_CREDENTIALS):
        raise SettingError(" and ".join(_BLOB_CREDENTIALS), "are both set; accepted: one of them, or none for Microsoft Entra")
