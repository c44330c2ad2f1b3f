"""Settings that MLflow's libraries read from files: their contents come as environment variables, which are secrets wherever containers run."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingError
from ..settings import Environment, Exports

SFTP_KEY = "MLFLOW_SFTP_PRIVATE_KEY"
SFTP_KNOWN_HOSTS = "MLFLOW_SFTP_KNOWN_HOSTS"

# The variable with the content, and the variable of the library that names the file.
_NAMED = {
    "AWS_CA_BUNDLE_CONTENT": "AWS_CA_BUNDLE",
    "AWS_SHARED_CREDENTIALS_FILE_CONTENT": "AWS_SHARED_CREDENTIALS_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS_CONTENT": "GOOGLE_APPLICATION_CREDENTIALS",
}
# The variable with the content, and the file that pysftp reads.
_SSH = {SFTP_KEY: "id_rsa", SFTP_KNOWN_HOSTS: "known_hosts"}


def read(environment: Environment) -> dict[str, str]:
    """Reads the contents, by their variables.

    Raises:
        SettingError: there are a content and a file.
    """
    for content, name in _NAMED.items():
        if environment.get(content) and environment.get(name):
            raise SettingError(f"{content} and {name}", "are both set; accepted: one of them")
    return {name: environment[name] for name in (*_NAMED, *_SSH) if environment.get(name)}


def write(contents: Mapping[str, str]) -> Exports:
    """Writes the files, readable only by this user. Their contents are taken out of the environment."""
    exported: dict[str, str | None] = {}
    for variable, content in contents.items():
        exported[variable] = None
        if variable in _SSH:
            _write(Path.home() / ".ssh", _SSH[variable], content)
        else:
            name = _NAMED[variable]
            exported[name] = _write(Path(tempfile.mkdtemp(prefix="mlflow-store-")), name.lower(), content)
    return exported


def _write(folder: Path, name: str, content: str) -> str:
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / name
    # A key without a last line end is no key to OpenSSH's format.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(content.rstrip() + "\n")
    return str(file)
