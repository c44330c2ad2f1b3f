"""`mlflow-aspire demo`: loads MLflow's demo into a running server."""

import re
import subprocess
from contextlib import AbstractContextManager, nullcontext

from . import databases, keys
from .databases import current, schemas
from .databases.connection import patience
from .errors import Failure
from .settings import MutableEnvironment, required
from .sign_in import OIDC, app_name

_SERVER = "MLFLOW_TRACKING_URI"
# Where the browser of the user finds the server, which a container may call by another name.
_BROWSER = "MLFLOW_DEMO_BROWSER_ADDRESS"
# MLflow ends with a link to a page that it does not have.
_LINK = re.compile(r"\S+(/#/experiments/[^/\s]+)/overview")
# What a client must not have: settings of the server break its paths, and it needs no database.
_OF_THE_SERVER = (databases.BACKEND, databases.OIDC_AUTH, "MLFLOW_APP_NAME", "PGUSER", "PGPASSWORD")


def demo(environment: MutableEnvironment) -> None:
    """Runs `mlflow demo` against the server, as a user of its own where the OIDC plugin asks for one.

    Raises:
        SettingError: a setting is missing or wrong.
        Failure: the demo has not been loaded.
    """
    databases.settle(environment)
    # Beside a server it has the server's key of webhooks, which MLflow reads when it is imported.
    keys.settle(environment)
    address = required(environment, _SERVER, "the address of the server that gets the demo")
    with _credentials(environment) as credentials:
        client = {name: value for name, value in environment.items() if name not in _OF_THE_SERVER} | credentials
        exit_code = _run(["mlflow", "demo", "--no-browser", "--tracking-uri", address], client, environment.get(_BROWSER) or address)
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


def _credentials(environment: MutableEnvironment) -> AbstractContextManager[dict[str, str]]:
    if app_name(environment) != OIDC:
        # Basic authentication's come with the environment.
        return nullcontext({})
    users = schemas.users_of_oidc(environment)
    current.check([users], patience(environment))
    # The plugin warns of settings that the server has and a task does not need.
    environment.setdefault("LOG_LEVEL", "ERROR")
    # It takes seconds to load.
    from .sign_in.service_account import access_token

    return access_token(users.uri)
