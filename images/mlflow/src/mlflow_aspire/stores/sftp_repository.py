"""MLflow's SFTP store with complete uploads and errors that say what is wrong with keys."""

import os
import posixpath
import socket
from contextlib import suppress
from urllib.parse import urlparse

import paramiko
import pysftp
from mlflow.store.artifact.sftp_artifact_repo import SFTPArtifactRepository

from .errors import refused
from .staging import staging_file, staging_folder

_CONNECT_SECONDS = 10.0
_KEEPALIVE_SECONDS = 60
# paramiko has no class of its own for these.
_HOST_KEY_PROBLEMS = ("No hostkey for host", "Bad host key")

# Set by a connection once it has found the key of the host. Without one, the end of the connection would be a traceback in the log.
pysftp.Connection._sftp_live = False
pysftp.Connection._transport = None


class SftpRepository(SFTPArtifactRepository):
    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        address = urlparse(artifact_uri)
        # paramiko itself waits for minutes.
        socket.create_connection((address.hostname or "localhost", address.port or 22), _CONNECT_SECONDS).close()
        try:
            super().__init__(artifact_uri, tracking_uri, registry_uri)
        except (paramiko.AuthenticationException, pysftp.CredentialException, pysftp.HostKeysException) as error:
            raise refused(f"{type(error).__name__}: {error}") from error
        except paramiko.SSHException as error:
            if str(error).startswith(_HOST_KEY_PROBLEMS):
                raise refused(f"{error} (MLFLOW_SFTP_KNOWN_HOSTS)") from error
            raise
        self._keep_alive()

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        folder = posixpath.join(self.path, artifact_path) if artifact_path else self.path
        staged = staging_file(self.path)
        with self.pool.get_sftp_connection() as sftp:
            sftp.makedirs(staging_folder(self.path))
            sftp.makedirs(folder)
            try:
                sftp.put(local_file, staged)
                sftp.sftp_client.posix_rename(staged, posixpath.join(folder, os.path.basename(local_file)))
            except Exception:
                with suppress(paramiko.SSHException, OSError, EOFError):
                    sftp.remove(staged)
                raise

    def _keep_alive(self) -> None:
        """Keeps connections that nobody uses from being dropped on the way."""
        for connection in list(self.pool._idle_connection_queue.queue):
            connection.sftp_client.get_channel().get_transport().set_keepalive(_KEEPALIVE_SECONDS)
