"""A batch of metrics, parameters and tags in one session.

MLflow stores each of the three in a session of its own, inside a fourth one: four connections, each tried with a statement before it is used, and the run
is read four times. What is committed when stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.orm import Session

from ..databases import one_connection, sessions
from . import batch_rows


@dataclass
class _Batch:
    in_short: bool
    """Whether it is enough to know of its run what `batch_rows` reads."""

    opened: dict[sessions.OpenSession, Session] = field(default_factory=dict)
    """Its session, by what has opened it."""

    run: Any = None


# The one that the context stores.
_batch: ContextVar[_Batch | None] = ContextVar("_batch", default=None)


def use_one_session() -> None:
    sessions.change_opening(_sharing)
    SqlAlchemyStore.log_batch = _as_batch(SqlAlchemyStore.log_batch)
    SqlAlchemyStore._get_run = _once(SqlAlchemyStore._get_run)


def _sharing(open_session: sessions.OpenSession) -> sessions.OpenSession:
    @contextmanager
    def shared() -> Iterator[Session]:
        batch = _batch.get()
        if batch is not None and (session := batch.opened.get(open_session)):
            yield session
            return
        with open_session() as session:
            if batch is None:
                yield session
                return
            with _connected(session):
                batch.opened[open_session] = session
                try:
                    yield session
                finally:
                    del batch.opened[open_session]

    return shared


@contextmanager
def _connected(session: Session) -> Iterator[None]:
    """Keeps one connection over all commits, and what has been read."""
    with one_connection.connect(session) as connection:
        session.bind = connection
        session.expire_on_commit = False
        yield


def _as_batch(log_batch: Any) -> Any:
    @wraps(log_batch)
    def log(store: Any, run_id: str, metrics: Any, params: Any, tags: Any) -> Any:
        token = _batch.set(_Batch(in_short=batch_rows.takes(store, tags)))
        try:
            return log_batch(store, run_id, metrics, params, tags)
        finally:
            _batch.reset(token)

    return log


def _once(get_run: Any) -> Any:
    @wraps(get_run)
    def get(store: Any, session: Session, run_uuid: str, eager: bool = False) -> Any:
        batch = _batch.get()
        if batch is None or not batch.opened or eager:
            return get_run(store, session, run_uuid, eager)
        if batch.run is None:
            batch.run = (batch.in_short and batch_rows.read_run(session, run_uuid)) or get_run(store, session, run_uuid)
        return batch.run

    return get
