"""An SFTP server whose host key is another one than the server of MLflow knows, with the real client on both sides."""

import logging
import os
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

import paramiko

from mlflow_aspire.stores import probe, repositories


class _Host(paramiko.ServerInterface):
    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class SftpProbeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        # Connections that end before they have said anything are part of it.
        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        cls.key = paramiko.RSAKey.generate(2048)
        cls.other_key = paramiko.RSAKey.generate(2048)
        cls.listener = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(cls.listener.close)
        cls.sessions = []
        threading.Thread(target=cls.serve, daemon=True).start()

    @classmethod
    def serve(cls) -> None:
        while True:
            try:
                connection, _ = cls.listener.accept()
            except OSError:
                return
            session = paramiko.Transport(connection)
            session.add_server_key(cls.key)
            # Without files of its own.
            session.set_subsystem_handler("sftp", paramiko.SFTPServer)
            session.start_server(event=threading.Event(), server=_Host())
            cls.sessions.append(session)

    def problem(self, host: str, key: paramiko.PKey) -> str | None:
        """What a server says whose known_hosts has this line."""
        with tempfile.TemporaryDirectory() as home:
            ssh = Path(home, ".ssh")
            ssh.mkdir()
            (ssh / "known_hosts").write_text(f"{host} {key.get_name()} {key.get_base64()}\n")
            self.other_key.write_private_key_file(str(ssh / "id_rsa"))
            # MLflow finds the store by an entry point where the package is installed.
            store = mock.patch.object(probe, "get_artifact_repository", repositories.sftp)
            with store, mock.patch.dict(os.environ, {"HOME": home, "MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS": "0"}):
                return probe.problem(f"sftp://user@127.0.0.1:{self.listener.getsockname()[1]}/artifacts")

    def test_the_key_of_the_host(self) -> None:
        self.assertIsNone(self.problem("127.0.0.1", self.key))

    def test_no_key_of_the_host(self) -> None:
        self.assertRegex(self.problem("other.example", self.key) or "", r"^The artifact store refuses the MLflow server: No hostkey for host 127\.0\.0\.1 .*\(MLFLOW_SFTP_KNOWN_HOSTS\)$")

    def test_another_key(self) -> None:
        self.assertRegex(self.problem("127.0.0.1", self.other_key) or "", r"^The artifact store refuses the MLflow server: Bad host key .*\(MLFLOW_SFTP_KNOWN_HOSTS\)$")


if __name__ == "__main__":
    unittest.main()
