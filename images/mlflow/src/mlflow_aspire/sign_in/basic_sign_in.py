"""Who makes a request for one of FastAPI's own routes, with basic authentication.

MLflow asks on the loop of all requests, which would stand still while the database answers and a password is hashed. Here it is found out in threads before MLflow
asks. The user is read by those that requests have. Passwords that are not known to be right are hashed one after the other by a thread of their own: wrong ones,
of which anybody can send many, take no thread from requests, and keep nobody waiting whose password is known.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import FastAPI
from mlflow.exceptions import MlflowException
from mlflow.server import auth
from mlflow.server.asgi_utils import get_routed_asgi_path
from mlflow.server.auth.entities import User
from starlette.requests import Request

from . import basic_passwords

# Of a request: its user, the error that MLflow is to answer, or None for nobody.
_FOUND = "mlflow_aspire.user"

_hashing = CapacityLimiter(1)


class _Given(NamedTuple):
    """The credentials of a request."""

    username: str
    password: str


class _Unverified(NamedTuple):
    user: User
    password: str


# Whether MLflow is to tell the credentials, which it finds in one header or another, instead of what it makes of them.
_only_given: ContextVar[bool] = ContextVar("_only_given", default=False)
_authenticate = auth._authenticate_fastapi_request


def apply(app: FastAPI) -> None:
    """Lets MLflow's check of permissions find who has signed in."""
    auth._authenticate_cached = _giving(auth._authenticate_cached)
    auth._authenticate_fastapi_request = _found
    for middleware in app.user_middleware:
        dispatch: Any = middleware.kwargs.get("dispatch")
        if getattr(dispatch, "__module__", None) == auth.__name__:
            middleware.kwargs["dispatch"] = _signing_in(dispatch)


def _giving(authenticate: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    @wraps(authenticate)
    def give(username: str, password: str) -> Any:
        return _Given(username, password) if _only_given.get() else authenticate(username, password)

    return give


def _signing_in(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(dispatch)
    async def sign_in(request: Request, call_next: Any) -> Any:
        if _is_asked(request):
            request.scope[_FOUND] = await _find(request)
        return await dispatch(request, call_next)

    return sign_in


def _is_asked(request: Request) -> bool:
    """Whether MLflow will ask who makes it: Flask finds out itself for its routes, and some are open to everyone."""
    path = get_routed_asgi_path(request)
    return not auth.is_unprotected_route(path) and auth._find_fastapi_validator(path, request.method) is not None


def _found(request: Request) -> User | None:
    """In the place of MLflow's, which answers an exception with its status, and None with 401."""
    found = request.scope[_FOUND]
    if isinstance(found, MlflowException):
        raise found
    return found


async def _find(request: Request) -> User | MlflowException | None:
    found = await anyio.to_thread.run_sync(_look_up, request)
    if not isinstance(found, _Unverified):
        return found
    return found.user if await anyio.to_thread.run_sync(basic_passwords.verify, *found, limiter=_hashing) else None


def _look_up(request: Request) -> User | _Unverified | MlflowException | None:
    token = _only_given.set(True)
    try:
        given = _authenticate(request)
    finally:
        _only_given.reset(token)
    if not isinstance(given, _Given):
        # Nobody, or a job of the server.
        return given
    try:
        user = basic_passwords.read(given.username)
    except MlflowException as error:
        # A 401 would say that the password is wrong, and clients repeat a 503 only.
        return error
    if user is None or basic_passwords.is_remembered(user, given.password):
        return user
    return _Unverified(user, given.password)
