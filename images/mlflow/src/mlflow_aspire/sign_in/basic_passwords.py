"""Passwords of basic authentication, of which MLflow remembers for a while that they were right.

When that time ends, every call that is under way would hash the password once more, a tenth of a second of CPU each. Here the first one does, and the others
wait for it. And a request is asked once who makes it, which MLflow looks up for each thing that it checks.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from flask import g
from mlflow.server import auth
from werkzeug.datastructures import Authorization

# Calls with other passwords wait for each other by chance only.
_LOCKS = [Lock() for _ in range(64)]


def verify_once() -> None:
    auth._authenticate_cached = _one_at_a_time(auth._authenticate_cached)
    auth.authenticate_request = _once(auth.authenticate_request)


def _one_at_a_time(authenticate: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    @wraps(authenticate)
    def one(username: str, password: str) -> Any:
        remembered = auth._USER_AUTH_CACHE
        if remembered is None:
            return authenticate(username, password)
        key = auth._auth_cache_key(username, password)
        with auth._USER_AUTH_CACHE_LOCK:
            user = remembered.get(key)
        if user is not None:
            return user
        with _LOCKS[hash(key) % len(_LOCKS)]:
            return authenticate(username, password)

    return one


def _once(authenticate: Callable[[], Any]) -> Callable[[], Any]:
    @wraps(authenticate)
    def once() -> Any:
        answer = g.get("authorization")
        if answer is None:
            answer = authenticate()
            if isinstance(answer, Authorization):
                # Until the request changes a user (basic_users.py).
                g.authorization = answer
        return answer

    return once
