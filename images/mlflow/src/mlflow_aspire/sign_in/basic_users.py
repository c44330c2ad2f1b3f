"""The user of a request with basic authentication, whom MLflow reads for each thing that it asks: here once, and without an object of it in a session.

Nothing is known longer than for the request.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, has_request_context
from mlflow.server.auth.db.models import SqlUser
from mlflow.server.auth.entities import User
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import bindparam, select

_USERS = SqlUser.__table__.c
_USER = select(_USERS.id, _USERS.username, _USERS.password_hash, _USERS.is_admin).where(_USERS.username == bindparam("name"))


def read_once() -> None:
    SqlAlchemyStore.get_user = _once(_in_short(SqlAlchemyStore.get_user))
    for name in ("update_user", "delete_user"):
        setattr(SqlAlchemyStore, name, _changing(getattr(SqlAlchemyStore, name)))


def _in_short(get_user: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(get_user)
    def get(store: SqlAlchemyStore, username: str) -> Any:
        with (store.read_engine or store.engine).connect() as connection:
            row = connection.execute(_USER, {"name": username}).one_or_none()
        # MLflow's way says what it says of nobody.
        return User(*row) if row else get_user(store, username)

    return get


def _once(get_user: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(get_user)
    def get(store: SqlAlchemyStore, username: str) -> Any:
        # MLflow's FastAPI routes ask once, and outside of Flask.
        if not has_request_context():
            return get_user(store, username)
        users = g.setdefault("users", {})
        if username not in users:
            users[username] = get_user(store, username)
        return users[username]

    return get


def _changing(change: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(change)
    def changed(*arguments: Any, **options: Any) -> Any:
        if has_request_context():
            g.pop("users", None)
        return change(*arguments, **options)

    return changed
