"""Signing in to PostgreSQL with a Microsoft Entra token, for every URI with the parameter plugin=entra.

SQLAlchemy loads the plugin wherever an engine is made, so that the server, `mlflow db upgrade` and all other commands of MLflow use it unchanged.
"""

import os
from functools import cache
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential
from azure_postgresql_auth.core import AZURE_DB_FOR_POSTGRES_SCOPE, get_entra_conninfo, get_entra_token
from azure_postgresql_auth.errors import AzurePgEntraError
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, CreateEnginePlugin

from ..errors import Failure

# Databases of these clouds take tokens of their own.
_SOVEREIGN_CLOUDS = (".database.usgovcloudapi.net", ".database.chinacloudapi.cn")


class EntraSignInError(Failure):
    """No token is to be had, or it does not tell the name of the role."""


class EntraPlugin(CreateEnginePlugin):
    """Gives every new connection a token that is valid now."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        # SQLAlchemy makes this, in processes of MLflow's as well.
        self._user = url.username or os.environ.get("PGUSER")

    def update_url(self, url: URL) -> URL:
        # SQLAlchemy has removed the parameter; but MLflow's migrations of its basic authentication make a second engine from the URL of the first.
        return url.update_query_dict({"plugin": "entra"})

    def engine_created(self, engine: Engine) -> None:
        @event.listens_for(engine, "do_connect")
        def sign_in(dialect: Any, connection_record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
            del parameters["plugin"]
            parameters.update(credentials(self._user, parameters.get("host") or ""))


def credentials(user: str | None, host: str) -> dict[str, str]:
    """The user and password of a connection. Without a user, the token tells the name of the role.

    Raises:
        EntraSignInError: there is no token, or a user is needed and the token names none.
    """
    identity = _InCloudOf(host)
    try:
        if user:
            return {"user": user, "password": get_entra_token(identity, AZURE_DB_FOR_POSTGRES_SCOPE)}
        return get_entra_conninfo(identity)
    except (AzureError, AzurePgEntraError) as error:
        reason = " ".join(str(error).split())
        raise EntraSignInError(f"Microsoft Entra gave no token for PostgreSQL (AZURE_CLIENT_ID names the identity): {reason}") from error


@cache
def credential() -> DefaultAzureCredential:
    """The identity of this process. It keeps a token until shortly before its end and then gets the next."""
    return DefaultAzureCredential()


class _InCloudOf:
    """The identity of this process, which asks for tokens for databases as the cloud of this database has them: the library knows those of the public one."""

    def __init__(self, host: str) -> None:
        self._scope = next((f"https://ossrdbms-aad{cloud}/.default" for cloud in _SOVEREIGN_CLOUDS if host.endswith(cloud)), AZURE_DB_FOR_POSTGRES_SCOPE)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return credential().get_token(*(self._scope if scope == AZURE_DB_FOR_POSTGRES_SCOPE else scope for scope in scopes), **options)
