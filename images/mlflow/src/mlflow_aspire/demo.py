"""`mlflow-aspire demo`: loads MLflow's demo into a running server."""

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from . import databases, keys
from .databases import Databases, current, schemas
from .databases.connection import patience
from .databases.schemas import Schema
from .errors import Failure
from .keys import Keys
from .settings import Environment, Exports, Part, required
from .sign_in import OIDC, app_name

_SERVER = "MLFLOW_TRACKING_URI"
# Where the browser of the user finds the server, which a container may call by another name.
_BROWSER = "MLFLOW_DEMO_BROWSER_ADDRESS"
# MLflow ends with a link to a page that it does not have.
_LINK = re.compile(r"\S+(/#/experiments/[^/\s]+)/overview")
# What a client must not have: settings of the server break its paths, and it needs no database.
_OF_THE_SERVER = (databases.BACKEND, databases.OIDC_AUTH, "MLFLOW_APP_NAME", "PGUSER", "PGPASSWORD")


@dataclass(frozen=True)
class Account:
    """The user of the OIDC plugin that the demo is loaded as."""

    users: Schema
    patience: int

    log_level: str
    """The plugin warns of settings that the server has and a task does not need."""

    def exports(self) -> Exports:
        return {"LOG_LEVEL": self.log_level}


@dataclass(frozen=True)
class DemoSettings:
    databases: Databases

    keys: Keys
    """Beside a server it has the server's key of webhooks, which MLflow reads when it is imported."""

    address: str = field(repr=False)
    """Of the server, which may hold a password."""

    browser: str = field(repr=False)
    """The same for the browser of the user."""

    account: Account | None
    """Basic authentication's comes with the environment."""

    @property
    def parts(self) -> Sequence[Part]:
        return (self.databases, self.keys, *([self.account] if self.account else []))


def read(environment: Environment) -> DemoSettings:
    """Reads the settings of the command.

    Raises:
        SettingError: one is missing or wrong.
    """
    known, own_keys = databases.read(environment), keys.read(environment)
    address = required(environment, _SERVER, "the address of the server that gets the demo")
    account = None
    if app_name(environment) == OIDC:
        account = Account(schemas.users_of_oidc(environment, known), patience(environment), environment.get("LOG_LEVEL", "ERROR"))
    return DemoSettings(known, own_keys, address, environment.get(_BROWSER) or address, account)


def demo(settings: DemoSettings) -> None:
    """Runs `mlflow demo` against the server, as a user of its own where the OIDC plugin asks for one.

    Raises:
        Failure: the demo has not been loaded.
    """
    with _credentials(settings.account) as credentials:
        # What MLflow's client reads, whatever it is.
        client = {name: value for name, value in os.environ.items() if name not in _OF_THE_SERVER} | credentials
        exit_code = _run(["mlflow", "demo", "--no-browser", "--tracking-uri", settings.address], client, settings.browser)
    if exit_code != 0:
        raise Failure(f"`mlflow demo` ended with exit code {exit_code}; its log is above")


def _run(command: list[str], environment: dict[str, str], browser: str) -> int:
    """Runs it, with a link to the traces in place of its own."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(with_link(line, browser), end="", flush=True)
    return process.returncode


def with_link(line: str, browser: str) -> str:
    return _LINK.sub(lambda link: f"{browser.rstrip('/')}{link[1]}/traces", line)


def _credentials(account: Account | None) -> AbstractContextManager[dict[str, str]]:
    if account is None:
        return nullcontext({})
    current.check([account.users], account.patience)
    # It takes seconds to load.
    from .sign_in.service_account import access_token

    return access_token(account.users.uri)
