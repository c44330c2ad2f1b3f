"""The keys that the server encrypts and signs with. They must stay the same from start to start and between replicas."""

import base64
import hashlib

from cryptography.fernet import Fernet

from .errors import SettingError
from .settings import Environment, MutableEnvironment, required

_WEBHOOK_KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
_WEBHOOK_KEY_LENGTH = 32


def settle(environment: MutableEnvironment) -> None:
    """Brings the webhook key into its form. Every command that loads MLflow's tables needs it there, if it is set at all."""
    webhook_key = environment.get(_WEBHOOK_KEY)
    if webhook_key:
        environment[_WEBHOOK_KEY] = fernet_key(webhook_key)


def check(environment: Environment) -> None:
    """Refuses a server without the keys that MLflow would replace by a built-in one or by one of each start."""
    required(environment, "MLFLOW_CRYPTO_KEK_PASSPHRASE", "the passphrase that gateway secrets are encrypted with")
    required(environment, "MLFLOW_FLASK_SERVER_SECRET_KEY", "the key that protects forms against forgery")


def fernet_key(text: str) -> str:
    """The text itself when it is a Fernet key, otherwise a key derived from it, so that a generated password can be used."""
    try:
        Fernet(text)
    except ValueError:
        if len(text) < _WEBHOOK_KEY_LENGTH:
            raise SettingError(_WEBHOOK_KEY, f"is too short; accepted: a Fernet key, or {_WEBHOOK_KEY_LENGTH} characters or more") from None
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text
