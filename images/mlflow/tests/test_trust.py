"""Certification authorities of one's own, which are trusted besides the public ones."""

import datetime
import ssl
import tempfile
import unittest
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mlflow_aspire import trust
from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import export


def authority(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
    return builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def trusted(environment: dict[str, str]) -> set[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(environment["SSL_CERT_FILE"])
    return {value for found in context.get_ca_certs() for part in found["subject"] for name, value in part if name == "commonName"}


class TrustTest(unittest.TestCase):
    def settle(self, **environment: str) -> dict[str, str]:
        export(environment, [trust.read(environment)])
        self.addCleanup(Path(environment["SSL_CERT_FILE"]).unlink)
        self.assertEqual(environment["SSL_CERT_FILE"], environment["REQUESTS_CA_BUNDLE"])
        return environment

    def test_authorities_are_added_to_the_public_ones(self) -> None:
        public = trusted({"SSL_CERT_FILE": certifi.where()})
        self.assertEqual(trusted(self.settle(MLFLOW_CA_CERTIFICATES=authority("one") + authority("two"))), public | {"one", "two"})

    def test_authorities_are_added_to_those_of_a_file_that_is_named_already(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(authority("of the file"))
            file.flush()
            environment = {"SSL_CERT_FILE": file.name, "REQUESTS_CA_BUNDLE": file.name}
            self.assertEqual(trusted(self.settle(**environment, MLFLOW_CA_CERTIFICATES=authority("one"))), {"of the file", "one"})

    def test_nothing_changes_without_any(self) -> None:
        self.assertEqual(trust.read({"MLFLOW_CA_CERTIFICATES": ""}).exports(), {})

    def test_what_is_no_certificate_is_refused(self) -> None:
        for value in ("/etc/ssl/company.pem", authority("broken")[:-60]):
            with self.assertRaisesRegex(SettingError, "^MLFLOW_CA_CERTIFICATES cannot be read .*; accepted: certificates as PEM text$"):
                trust.read({"MLFLOW_CA_CERTIFICATES": value})


if __name__ == "__main__":
    unittest.main()
