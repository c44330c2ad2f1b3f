"""Who a database must prove to be, with the roots of the system and libpq itself."""

import datetime
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import programs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mlflow_aspire.databases import BACKEND, read
from mlflow_aspire.settings import export

_SSL_REQUEST_LENGTH = 8


class TlsTest(unittest.TestCase):
    """A server that gets as far as TLS and then refuses everyone. Its name is localhost."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificate = Path(folder.name, "certificate.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*_certificate(Path(folder.name)))
        cls.listener = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(cls.listener.close)
        threading.Thread(target=cls.serve, args=(context,), daemon=True).start()

    @classmethod
    def serve(cls, context: ssl.SSLContext) -> None:
        while True:
            try:
                connection, _ = cls.listener.accept()
            except OSError:
                return
            try:
                connection.recv(_SSL_REQUEST_LENGTH)
                connection.sendall(b"S")
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    encrypted.recv(4096)
                    message = b"SFATAL\0C28000\0Mthe server has seen the client\0\0"
                    encrypted.sendall(b"E" + (len(message) + 4).to_bytes(4, "big") + message)
            except OSError:
                connection.close()

    def attempt(self, host: str, **roots: str) -> str:
        environment = {BACKEND: f"postgresql://{host}:{self.listener.getsockname()[1]}/mlflow?sslmode=verify-full&sslrootcert=system", "PGUSER": "me", **roots}
        export(environment, [read(environment)])
        code = "import os\nfrom mlflow_aspire.databases.connection import connect\nconnect('it', os.environ['MLFLOW_BACKEND_STORE_URI'], 0)"
        # libpq reads the environment when it is loaded.
        process = {**environment, "PATH": os.environ["PATH"], "PYTHONPATH": ":".join(path for path in sys.path if path)}
        run = subprocess.run([sys.executable, "-c", code], env=process, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS)
        return run.stderr

    def test_a_server_of_the_right_name(self) -> None:
        self.assertIn("the server has seen the client", self.attempt("localhost", SSL_CERT_FILE=str(self.certificate)))

    def test_a_server_of_another_name(self) -> None:
        self.assertIn('does not match host name "127.0.0.1"', self.attempt("127.0.0.1", SSL_CERT_FILE=str(self.certificate)))

    def test_a_server_that_nobody_vouches_for(self) -> None:
        self.assertIn("certificate verify failed", self.attempt("localhost"))

    def test_the_roots_are_the_systems(self) -> None:
        for query, expected in (("?sslmode=verify-full&sslrootcert=system", "/etc/ssl/certs"), ("?sslmode=require", None), ("", None)):
            environment = {BACKEND: f"postgresql://db/mlflow{query}", "PGUSER": "me"}
            export(environment, [read(environment)])
            self.assertEqual(environment.get("SSL_CERT_DIR"), expected)
        # A folder that OpenSSL finds certificates in by the hashes of their names.
        self.assertTrue([file for file in os.listdir("/etc/ssl/certs") if file.endswith(".0")])


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


if __name__ == "__main__":
    unittest.main()
