"""MLflow's FTP store with a password apart from the address, time limits, complete uploads and deletion."""

import ftplib
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ftplib import FTP
from urllib.parse import unquote

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.artifact.ftp_artifact_repo import FTPArtifactRepository

from .errors import StoreError, refused
from .staging import staging_file, staging_folder

PASSWORD = "MLFLOW_FTP_PASSWORD"

# The longest silence of the server.
_TIMEOUT_SECONDS = 30.0
_MISSING = "550"


class FtpRepository(FTPArtifactRepository):
    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        # MLflow decodes only the password.
        self.config["username"] = unquote(self.config["username"] or "")
        # MLflow makes stores, and tells them nothing but their address.
        self.config["password"] = self.config["password"] or os.environ.get(PASSWORD, "")

    @contextmanager
    def get_ftp_client(self) -> Iterator[FTP]:
        with FTP(timeout=_TIMEOUT_SECONDS) as ftp:
            ftp.connect(self.config["host"], self.config["port"])
            try:
                ftp.login(self.config["username"], self.config["password"])
            except ftplib.error_perm as error:
                raise refused(error) from error
            try:
                yield ftp
            except ftplib.error_perm as error:
                raise _permanent(error) from error

    @staticmethod
    def _mkdir(ftp: FTP, artifact_dir: str) -> None:
        # MLflow's own never ends where a folder cannot be made.
        if FTPArtifactRepository._is_dir(ftp, artifact_dir):
            return
        parent = posixpath.dirname(artifact_dir)
        if parent != artifact_dir:
            FtpRepository._mkdir(ftp, parent)
        try:
            ftp.mkd(artifact_dir)
        except ftplib.error_perm:
            # Another upload may have made it meanwhile.
            if not FTPArtifactRepository._is_dir(ftp, artifact_dir):
                raise

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        folder = posixpath.join(self.path, artifact_path) if artifact_path else self.path
        staged = staging_file(self.path)
        with self.get_ftp_client() as ftp:
            self._mkdir(ftp, staging_folder(self.path))
            self._mkdir(ftp, folder)
            try:
                with open(local_file, "rb") as file:
                    ftp.storbinary(f"STOR {staged}", file)
                ftp.rename(staged, posixpath.join(folder, os.path.basename(local_file)))
            except Exception:
                with suppress(ftplib.Error, OSError, EOFError):
                    ftp.delete(staged)
                raise

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        with self.get_ftp_client() as ftp:
            self._delete(ftp, posixpath.join(self.path, artifact_path) if artifact_path else self.path)

    def _delete(self, ftp: FTP, path: str) -> None:
        if not self._is_dir(ftp, path):
            ftp.delete(path)
            return
        for entry in ftp.nlst(path):
            name = posixpath.basename(entry)
            if name not in ("", ".", ".."):
                self._delete(ftp, posixpath.join(path, name))
        # Some servers keep a folder that someone is in.
        ftp.cwd("/")
        ftp.rmd(path)


def _permanent(error: ftplib.error_perm) -> MlflowException:
    if str(error).startswith(_MISSING):
        return StoreError(f"The artifact store has no such file or directory, or does not give access to it: {error}", RESOURCE_DOES_NOT_EXIST)
    return refused(error)
