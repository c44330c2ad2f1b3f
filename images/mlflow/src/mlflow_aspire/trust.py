"""Certification authorities that are trusted besides the public ones: of a provider inside the company, or of its proxy (MLFLOW_CA_CERTIFICATES)."""

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

import certifi

from .errors import SettingError
from .settings import Environment, Exports

_CERTIFICATES = "MLFLOW_CA_CERTIFICATES"
# OpenSSL's, so Python's and PostgreSQL's, and that of requests.
_FILE = "SSL_CERT_FILE"
_REQUESTS_FILE = "REQUESTS_CA_BUNDLE"


@dataclass(frozen=True)
class Trust:
    added: str | None
    """The certificates, as PEM text."""

    file: str
    """Those that are trusted already."""

    def exports(self) -> Exports:
        """Writes them into one file, which all libraries read."""
        if not self.added:
            return {}
        trusted = Path(self.file).read_text()
        with tempfile.NamedTemporaryFile("w", prefix="mlflow-ca-", suffix=".pem", delete=False) as file:
            file.write(f"{trusted}\n{self.added}\n")
        return {_FILE: file.name, _REQUESTS_FILE: file.name}


def read(environment: Environment) -> Trust:
    """Reads them.

    Raises:
        SettingError: the value has no certificate, or one that cannot be read.
    """
    added = environment.get(_CERTIFICATES)
    if added:
        try:
            ssl.create_default_context(cadata=added)
        except (ssl.SSLError, ValueError) as error:
            raise SettingError(_CERTIFICATES, f"cannot be read ({error}); accepted: certificates as PEM text") from error
    return Trust(added, environment.get(_FILE) or certifi.where())
