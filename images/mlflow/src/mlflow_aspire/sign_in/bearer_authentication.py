"""The OIDC plugin's authentication of bearer tokens, which asks once what it needs to know.

The plugin asks whether the user exists, and reads the user with its groups. Here the token is verified and the user is read before the plugin decides.
Nothing is known longer than for the request.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE, ErrorCode
from mlflow_oidc_auth.auth import validate_token
from mlflow_oidc_auth.db.models import SqlUser
from mlflow_oidc_auth.middleware import AuthMiddleware, auth_middleware
from mlflow_oidc_auth.repository.user import normalize_username
from mlflow_oidc_auth.store import store
from mlflow_oidc_auth.utils.oidc_field_extraction import BEARER_TOKEN_SOURCE, extract_username
from sqlalchemy import bindparam, select
from starlette.requests import Request
from starlette.responses import Response

from ..databases.reader import Reader

_PASSING = ErrorCode.Name(TEMPORARILY_UNAVAILABLE)
_USERS = SqlUser.__table__.c
# What the plugin looks at when it lets a user in.
_FACTS = select(_USERS.username, _USERS.is_admin, _USERS.active, _USERS.is_service_account, _USERS.service_account_source).where(
    _USERS.username == bindparam("user")
)


@dataclass(frozen=True)
class _Known:
    """An exception is what the plugin meets where it asks."""

    token: str
    claims: dict[str, Any] | Exception
    username: str | None = None
    user: Any | None = None


_reader: Reader
_known: ContextVar[_Known | None] = ContextVar("_known", default=None)


class _Unavailable(Exception):
    """The database of users does not answer at the moment."""

    def __init__(self, answer: MlflowException) -> None:
        self.answer = answer


class BearerAuthentication(AuthMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        try:
            return await super().dispatch(request, call_next)
        except _Unavailable as error:
            # A 401 would say that the token is wrong, and clients repeat only a 503.
            return Response(error.answer.serialize_as_json(), error.answer.get_http_status_code(), media_type="application/json")

    async def _authenticate_bearer_token(self, auth_header: str) -> Any:
        known = _look_up(auth_header.split(" ", 1)[1])
        if isinstance(known.user, MlflowException) and known.user.error_code == _PASSING:
            raise _Unavailable(known.user)
        _known.set(known)
        return await super()._authenticate_bearer_token(auth_header)


class _Users:
    """The plugin's store, which a user that is known already is not asked of."""

    def __getattr__(self, name: str) -> Any:
        return getattr(store, name)

    def has_user(self, username: str) -> Any:
        return _user(username) is not None or store.has_user(username)

    def get_user_profile(self, username: str) -> Any:
        return _user(username) or store.get_user_profile(username)


def install() -> None:
    global _reader
    _reader = Reader(store.engine.url)
    auth_middleware.store = _Users()
    auth_middleware.validate_token = claims_of


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, which is verified unless this request's authentication has done so."""
    known = _known.get()
    if known is None or known.token != token:
        return validate_token(token)
    if isinstance(known.claims, Exception):
        raise known.claims
    return known.claims


def _look_up(token: str) -> _Known:
    try:
        claims = validate_token(token)
    except Exception as error:
        return _Known(token, error)
    username = None
    try:
        username, _ = extract_username(claims, source=BEARER_TOKEN_SOURCE)
        user = _read(username) if username else None
    except Exception as error:
        return _Known(token, claims, username, error)
    return _Known(token, claims, username, user)


def _read(username: str) -> Any | None:
    return _reader.one(_FACTS, {"user": username})


def _user(username: str) -> Any | None:
    known = _known.get()
    if known is None or known.username != normalize_username(username):
        return None
    if isinstance(known.user, Exception):
        raise known.user
    return known.user
