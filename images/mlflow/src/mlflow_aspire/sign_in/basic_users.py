"""The user of a request with basic authentication, whom MLflow reads for each thing that it asks: here once, by one message to the database.

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

from ..databases.reader import Reader

_USERS = SqlUser.__table__.c
_USER = select(_USERS.id, _USERS.username, _USERS.password_hash, _USERS.is_admin).where(_USERS.username == bindparam("name"))


def read_once(store: SqlAlchemyStore, reader: Reader) -> None:
    store.get_user = _once(_in_short(store, reader))
    store.update_user = _changing(store.update_user)
    store.delete_user = _changing(store.delete_user)


def _in_short(store: SqlAlchemyStore, reader: Reader) -> Callable[[str], User]:
    get_user = store.get_user

    @wraps(get_user)
    def get(username: str) -> User:
        row = reader.one(_USER, {"name": username})
        # MLflow's way says what there is to say of nobody.
        return User(*row) if row else get_user(username)

    return get


def _once(get_user: Callable[[str], User]) -> Callable[[str], User]:
    @wraps(get_user)
    def get(username: str) -> User:
        # FastAPI's routes ask outside of Flask, and once (basic_sign_in.py).
        if not has_request_context():
            return get_user(username)
        users: dict[str, User] = g.setdefault("users", {})
        if username not in users:
            users[username] = get_user(username)
        return users[username]

    return get


def _changing(change: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(change)
    def changed(*arguments: Any, **options: Any) -> Any:
        if has_request_context():
            g.pop("users", None)
            g.pop("authorization", None)
        return change(*arguments, **options)

    return changed
