"""The keys that the server encrypts and signs with. They must stay the same from start to start and between replicas."""

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.fernet import Fernet

from .errors import SettingError
from .settings import Environment, Exports, required

_WEBHOOK_KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
_WEBHOOK_KEY_LENGTH = 32


@dataclass(frozen=True)
class Keys:
    webhook: str | None = field(repr=False)
    """In the form that MLflow takes, if it is set at all. Every command that loads MLflow's tables needs it."""

    def exports(self) -> Exports:
        return {_WEBHOOK_KEY: self.webhook} if self.webhook else {}


def read(environment: Environment) -> Keys:
    """Reads them.

    Raises:
        SettingError: the webhook key is too short.
    """
    webhook = environment.get(_WEBHOOK_KEY)
    return Keys(fernet_key(webhook) if webhook else None)


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
