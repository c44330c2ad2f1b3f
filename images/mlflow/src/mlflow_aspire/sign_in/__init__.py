"""Who may use the server: MLflow's basic authentication, the OIDC plugin, or everyone."""

import configparser
import os
import tempfile
from dataclasses import dataclass, field

from .. import databases
from ..databases import Databases
from ..errors import SettingError
from ..settings import Environment, Exports, choice, given, required, seconds

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


@dataclass(frozen=True)
class Administrator:
    """The first one, whom MLflow makes."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class BasicAuth:
    """What MLflow's basic authentication reads from a file. The password of the administrator stays in the environment."""

    database: str
    default_permission: str

    cache_seconds: int
    """MLflow hashes the password on every request unless it remembers the outcome for a while."""

    administrator: str


@dataclass(frozen=True)
class SignIn:
    app: str | None
    """None lets everyone use the server."""

    basic: BasicAuth | None = None

    @property
    def arguments(self) -> list[str]:
        """Those of `mlflow server`."""
        if self.app is None:
            return []
        return ["--app-name", _GUARDED_OIDC if self.app == OIDC else self.app]

    def exports(self) -> Exports:
        return {"MLFLOW_AUTH_CONFIG_PATH": _write(self.basic)} if self.basic else {}


def read(environment: Environment, known: Databases) -> SignIn:
    """Reads how users sign in to a server.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    app = app_name(environment)
    if app == BASIC:
        return SignIn(app, _read_basic(environment, known))
    if app == OIDC:
        _check_oidc(environment, known)
    return SignIn(app)


def administrator(environment: Environment) -> Administrator:
    """Reads who it is.

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
    return Administrator(user, password)


def _read_basic(environment: Environment, known: Databases) -> BasicAuth:
    user = administrator(environment).name
    return BasicAuth(
        database=given(known.basic_users, databases.BASIC_AUTH, "the database of users and permissions"),
        default_permission=choice(environment, "MLFLOW_AUTH_DEFAULT_PERMISSION", _PERMISSIONS, "READ"),
        cache_seconds=seconds(environment, "MLFLOW_AUTH_CACHE_TTL_SECONDS", 60),
        administrator=user,
    )


def _write(basic: BasicAuth) -> str:
    settings = {
        "database_uri": basic.database,
        "default_permission": basic.default_permission,
        "auth_cache_ttl_seconds": str(basic.cache_seconds),
        "admin_username": basic.administrator,
    }
    config = configparser.ConfigParser()
    # MLflow reads the file with interpolation, in which a percent sign stands for itself when it is doubled.
    config["mlflow"] = {name: value.replace("%", "%%") for name, value in settings.items()}
    # Readable only by this user, in the folder that TMPDIR names.
    handle, path = tempfile.mkstemp(prefix="mlflow-auth-", suffix=".ini")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        config.write(file)
    return path


def _check_oidc(environment: Environment, known: Databases) -> None:
    """The plugin reads them itself."""
    given(known.oidc_users, databases.OIDC_AUTH, "the database of users and permissions")
    required(environment, "OIDC_DISCOVERY_URL", "the address of the provider's openid-configuration")
    required(environment, "OIDC_CLIENT_ID", "the client that this server is to the provider")
    required(environment, "OIDC_CLIENT_SECRET", "the secret of that client")
    required(environment, "SECRET_KEY", "the key that signs browser sessions")
