"""Certification authorities that are trusted besides the public ones: of a provider inside the company, or of its proxy (MLFLOW_CA_CERTIFICATES)."""

import ssl
import tempfile
from pathlib import Path

import certifi

from .errors import SettingError
from .settings import MutableEnvironment

_CERTIFICATES = "MLFLOW_CA_CERTIFICATES"
# OpenSSL's, so Python's and PostgreSQL's, and that of requests.
_FILE = "SSL_CERT_FILE"
_REQUESTS_FILE = "REQUESTS_CA_BUNDLE"


def settle(environment: MutableEnvironment) -> None:
    """Writes them into one file with those that are trusted already, and has all libraries read it.

    Raises:
        SettingError: the value has no certificate, or one that cannot be read.
    """
    added = environment.get(_CERTIFICATES)
    if not added:
        return
    try:
        ssl.create_default_context(cadata=added)
    except (ssl.SSLError, ValueError) as error:
        raise SettingError(_CERTIFICATES, f"cannot be read ({error}); accepted: certificates as PEM text") from error
    trusted = Path(environment.get(_FILE) or certifi.where()).read_text()
    with tempfile.NamedTemporaryFile("w", prefix="mlflow-ca-", suffix=".pem", delete=False) as file:
        file.write(f"{trusted}\n{added}\n")
    environment[_FILE] = environment[_REQUESTS_FILE] = file.name
