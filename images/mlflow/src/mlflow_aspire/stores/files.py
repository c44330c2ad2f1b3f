"""Settings that MLflow's libraries read from files: their contents come as environment variables, which are secrets wherever containers run."""

import os
import tempfile
from pathlib import Path

from ..errors import SettingError
from ..settings import MutableEnvironment

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


def write(environment: MutableEnvironment) -> None:
    """Writes the files, readable only by this user, and takes the contents out of the environment of the server."""
    for content, name in _NAMED.items():
        if environment.get(content):
            if environment.get(name):
                raise SettingError(f"{content} and {name}", "are both set; accepted: one of them")
            environment[name] = _write(Path(tempfile.mkdtemp(prefix="mlflow-store-")), name.lower(), environment.pop(content))
    for content, name in _SSH.items():
        if environment.get(content):
            _write(Path.home() / ".ssh", name, environment.pop(content))


def _write(folder: Path, name: str, content: str) -> str:
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / name
    # A key without a last line end is no key to OpenSSH's format.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(content.rstrip() + "\n")
    return str(file)
