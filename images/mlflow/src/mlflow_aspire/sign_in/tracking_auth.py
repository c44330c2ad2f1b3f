"""Signing in to an MLflow server as a Microsoft Entra identity, for clients with MLFLOW_TRACKING_AUTH=entra."""

import os

from mlflow.tracking.request_auth.abstract_request_auth_provider import RequestAuthProvider
from requests import PreparedRequest
from requests.auth import AuthBase

from ..databases.entra import credential
from ..settings import required

_SCOPE = "MLFLOW_TRACKING_ENTRA_SCOPE"


class EntraAuthProvider(RequestAuthProvider):
    """Gives every request a token for the scope that MLFLOW_TRACKING_ENTRA_SCOPE names, such as api://<client id>/.default."""

    def get_name(self) -> str:
        return "entra"

    def get_auth(self) -> AuthBase:
        # In a client, which MLflow runs.
        return _BearerToken(required(os.environ, _SCOPE, "the scope of the tokens that the server takes"))


class _BearerToken(AuthBase):
    def __init__(self, scope: str) -> None:
        self._scope = scope

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        # The credential keeps a token until shortly before its end.
        request.headers["Authorization"] = f"Bearer {credential().get_token(self._scope).token}"
        return request
