"""A batch of metrics, parameters and tags in one session.

MLflow stores each of the three in a session of its own, inside a fourth one: four connections, each tried with a statement before it is used, and the run
is read four times. What is committed when stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..databases import sessions
from ..databases.faults import translate

# The session of the batch that the context stores, by what has opened it.
_batch: ContextVar[dict[sessions.OpenSession, Session] | None] = ContextVar("_batch", default=None)


def use_one_session() -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    sessions.change_opening(_sharing)
    SqlAlchemyStore.log_batch = _as_batch(SqlAlchemyStore.log_batch)
    SqlAlchemyStore._get_run = _once(SqlAlchemyStore._get_run)


def _sharing(open_session: sessions.OpenSession) -> sessions.OpenSession:
    @contextmanager
    def shared() -> Iterator[Session]:
        batch = _batch.get()
        if batch is not None and (session := batch.get(open_session)):
            yield session
            return
        with open_session() as session:
            if batch is None:
                yield session
                return
            with _connected(session):
                batch[open_session] = session
                try:
                    yield session
                finally:
                    del batch[open_session]

    return shared


@contextmanager
def _connected(session: Session) -> Iterator[None]:
    """Keeps one connection over all commits, and what has been read."""
    try:
        connection = session.get_bind().connect()
    except SQLAlchemyError as error:
        # MLflow translates what a session meets, and not what opens it.
        raise translate(error) from error
    with connection:
        session.bind = connection
        session.expire_on_commit = False
        yield


def _as_batch(log_batch: Any) -> Any:
    @wraps(log_batch)
    def log(*arguments: Any, **options: Any) -> Any:
        token = _batch.set({})
        try:
            return log_batch(*arguments, **options)
        finally:
            _batch.reset(token)

    return log


def _once(get_run: Any) -> Any:
    @wraps(get_run)
    def get(store: Any, session: Session, run_uuid: str, eager: bool = False) -> Any:
        from mlflow.store.tracking.dbmodels.models import SqlRun

        # A run that the session of a batch has is one that the store's own query has found.
        key = session.identity_key(SqlRun, run_uuid) if _batch.get() and not eager else None
        return (key and session.identity_map.get(key)) or get_run(store, session, run_uuid, eager)

    return get
