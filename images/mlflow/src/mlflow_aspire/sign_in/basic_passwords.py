"""Passwords of basic authentication: read the user, and hash the password only when it is not known to be right.

MLflow remembers for a while who has signed in, with the rights of that time: at another worker or replica a user who has been deleted or is no administrator any
more stays what he was. Here it is remembered that a password was right for a user as he was then, and the user is read with each request.

A hash takes a tenth of a second of CPU. When the time of many calls ends at once, the first one hashes, and the others wait for it. And a request is asked once
who makes it, which MLflow looks up for each thing that it checks.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from flask import g
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.server import auth
from mlflow.server.auth.entities import User
from werkzeug.datastructures import Authorization
from werkzeug.security import check_password_hash

_NOBODY = ErrorCode.Name(RESOURCE_DOES_NOT_EXIST)

# Calls with other passwords wait for each other by chance only.
_LOCKS = [Lock() for _ in range(64)]


def verify_once() -> None:
    auth._authenticate_cached = authenticate
    auth.authenticate_request = _once(auth.authenticate_request)


def authenticate(username: str | None, password: str | None) -> User | None:
    """The user, as it is now, or nobody. Flask has no name and no password where a request has credentials of another kind.

    Raises:
        MlflowException: the database does not answer.
    """
    if username is None or password is None:
        return None
    user = read(username)
    if user is None or is_remembered(user, password) or verify(user, password):
        return user
    return None


def read(username: str) -> User | None:
    """
    Raises:
        MlflowException: the database does not answer.
    """
    # PostgreSQL takes no such text, and the driver says so by an error of its own.
    if "\0" in username:
        return None
    try:
        return auth.store.get_user(username)
    except MlflowException as error:
        if error.error_code == _NOBODY:
            return None
        raise


def is_remembered(user: User, password: str) -> bool:
    """Whether the password was right not long ago for this user, who has not changed since: neither the password nor the rights."""
    remembered = auth._USER_AUTH_CACHE
    if remembered is None:
        return False
    key = auth._auth_cache_key(user.username, password)
    with auth._USER_AUTH_CACHE_LOCK:
        known = remembered.get(key)
    return known is not None and vars(known) == vars(user)


def verify(user: User, password: str) -> bool:
    """Hashes the password, unless another call has done so meanwhile."""
    remembered = auth._USER_AUTH_CACHE
    if remembered is None:
        return _is_right(user, password)
    key = auth._auth_cache_key(user.username, password)
    with _LOCKS[hash(key) % len(_LOCKS)]:
        if is_remembered(user, password):
            return True
        if not _is_right(user, password):
            return False
        with auth._USER_AUTH_CACHE_LOCK:
            remembered[key] = user
        return True


def _is_right(user: User, password: str) -> bool:
    return check_password_hash(user.password_hash, password) and not auth._is_disabled_legacy_admin_login(user.username, password, user)


def _once(ask: Callable[[], Any]) -> Callable[[], Any]:
    @wraps(ask)
    def once() -> Any:
        answer = g.get("authorization")
        if answer is None:
            answer = ask()
            if isinstance(answer, Authorization):
                # Until the request changes a user (basic_users.py).
                g.authorization = answer
        return answer

    return once
