"""Who may use the server: MLflow's basic authentication, the OIDC plugin, or everyone."""

import configparser
import os
import tempfile

from .. import databases
from ..errors import SettingError
from ..settings import Environment, MutableEnvironment, choice, required, seconds

BASIC = "basic-auth"
OIDC = "oidc-auth"
# The app of the plugin, as oidc_app.py completes it.
_GUARDED_OIDC = "guarded-oidc-auth"

_PERMISSIONS = ("READ", "USE", "EDIT", "MANAGE", "NO_PERMISSIONS")
# MLflow's own minimum, checked here so that the message names the setting.
_PASSWORD_LENGTH = 12


def app_name(environment: Environment) -> str | None:
    """The MLflow app (`mlflow server --app-name`) that MLFLOW_APP_NAME chooses."""
    return choice(environment, "MLFLOW_APP_NAME", (BASIC, OIDC), "") if environment.get("MLFLOW_APP_NAME") else None


def prepare(environment: MutableEnvironment) -> list[str]:
    """Checks the settings of the sign-in and gives the server's arguments for it."""
    app = app_name(environment)
    if app is None:
        return []
    if app == BASIC:
        environment["MLFLOW_AUTH_CONFIG_PATH"] = _write(_basic_auth(environment))
        return ["--app-name", BASIC]
    _check_oidc(environment)
    return ["--app-name", _GUARDED_OIDC]


def administrator(environment: Environment) -> tuple[str, str]:
    """The name of the first administrator and the password that MLflow makes that user with.

    Raises:
        SettingError: one is missing, or MLflow would not take it.
    """
    user = environment.get("MLFLOW_AUTH_ADMIN_USERNAME") or "admin"
    # A request has user name and password in one text, split at the first colon, which MLflow reads as ASCII where artifacts are sent and got.
    if not (user.isascii() and user.isprintable() and ":" not in user):
        raise SettingError("MLFLOW_AUTH_ADMIN_USERNAME", f"is {user!r}; accepted: printable ASCII characters without a colon")
    password = required(environment, "MLFLOW_AUTH_ADMIN_PASSWORD", "the first password of the administrator")
    if len(password) < _PASSWORD_LENGTH or not password.isascii():
        problem = "is too short" if password.isascii() else "has characters that are not ASCII"
        raise SettingError("MLFLOW_AUTH_ADMIN_PASSWORD", f"{problem}; accepted: {_PASSWORD_LENGTH} ASCII characters or more")
    return user, password


def _basic_auth(environment: Environment) -> configparser.ConfigParser:
    user, _ = administrator(environment)
    settings = {
        "database_uri": required(environment, databases.BASIC_AUTH, "the database of users and permissions"),
        "default_permission": choice(environment, "MLFLOW_AUTH_DEFAULT_PERMISSION", _PERMISSIONS, "READ"),
        # MLflow hashes the password on every request unless it remembers the outcome for a while.
        "auth_cache_ttl_seconds": str(seconds(environment, "MLFLOW_AUTH_CACHE_TTL_SECONDS", 60)),
        "admin_username": user,
    }
    config = configparser.ConfigParser()
    # MLflow reads the file with interpolation, in which a percent sign stands for itself when it is doubled.
    config["mlflow"] = {name: value.replace("%", "%%") for name, value in settings.items()}
    return config


def _write(config: configparser.ConfigParser) -> str:
    # Readable only by this user, in the folder that TMPDIR names.
    handle, path = tempfile.mkstemp(prefix="mlflow-auth-", suffix=".ini")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        config.write(file)
    return path


def _check_oidc(environment: Environment) -> None:
    required(environment, databases.OIDC_AUTH, "the database of users and permissions")
    required(environment, "OIDC_DISCOVERY_URL", "the address of the provider's openid-configuration")
    required(environment, "OIDC_CLIENT_ID", "the client that this server is to the provider")
    required(environment, "OIDC_CLIENT_SECRET", "the secret of that client")
    required(environment, "SECRET_KEY", "the key that signs browser sessions")
