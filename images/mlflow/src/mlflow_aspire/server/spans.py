"""Spans with fewer statements, and with statements that SQLAlchemy need not make anew for each of them.

MLflow reads the whole experiment where it looks for its artifacts, reads each tag before it writes it, and makes a statement of its own of the values of spans.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import SimpleNamespace
from typing import Any

from mlflow.store.tracking import sqlalchemy_store
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlTraceTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin
from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from ..databases import sessions
from .upserts import INSERT, upsert

_EXPERIMENTS, _TAGS = SqlExperiment.__table__, SqlTraceTag.__table__
_LOCATION = select(_EXPERIMENTS.c.artifact_location).where(_EXPERIMENTS.c.experiment_id == bindparam("experiment"))

# Whether spans are being stored.
_storing: ContextVar[bool] = ContextVar("_storing", default=False)


def apply() -> None:
    sessions.change_opening(_writing_tags)
    sqlalchemy_store._upsert_batch = _without_values(sqlalchemy_store._upsert_batch)
    SqlAlchemyStore._log_spans_once = _noted(SqlAlchemyStore._log_spans_once)
    SqlAlchemyStore.get_experiment = _in_short(SqlAlchemyStore.get_experiment)


def _noted(log_spans: Any) -> Any:
    @wraps(log_spans)
    def log(*arguments: Any, **options: Any) -> Any:
        token = _storing.set(True)
        try:
            return log_spans(*arguments, **options)
        finally:
            _storing.reset(token)

    return log


def _in_short(get_experiment: Any) -> Any:
    """While spans are stored, an experiment is where its artifacts are. It has been found before, but for one of another workspace."""

    @wraps(get_experiment)
    def get(store: SqlAlchemyStore, experiment_id: str) -> Any:
        if _storing.get() and not isinstance(store, WorkspaceAwareMixin) and str(experiment_id).isdecimal():
            with store.ManagedSessionMaker() as session:
                found = session.connection().execute(_LOCATION, {"experiment": int(experiment_id)}).one_or_none()
            if found is not None:
                return SimpleNamespace(artifact_location=found.artifact_location)
        return get_experiment(store, experiment_id)

    return get


def _writing_tags(open_session: sessions.OpenSession) -> sessions.OpenSession:
    @contextmanager
    def opened() -> Iterator[Session]:
        with open_session() as session:
            if not _storing.get():
                yield session
                return
            session.merge = _merge_tags(session, session.merge)
            try:
                yield session
            finally:
                # It refers to the session, which would wait for a collection with all that it has read.
                vars(session).pop("merge", None)

    return opened


def _merge_tags(session: Session, merge: Any) -> Any:
    def merge_instance(instance: Any, **options: Any) -> Any:
        connection = session.connection()
        if type(instance) is not SqlTraceTag or connection.dialect.name not in INSERT:
            return merge(instance, **options)
        row = {"request_id": instance.request_id, "key": instance.key, "value": instance.value}
        connection.execute(upsert(_TAGS, connection.dialect.name, ("request_id", "key"), ("value",)), row)
        return instance

    return merge_instance


def _without_values(upsert_batch: Any) -> Any:
    """The values as parameters of one statement, which they are part of otherwise."""

    @wraps(upsert_batch)
    def upsert_rows(session: Session, model_class: Any, table: Table, rows: list[dict[str, Any]], pk_columns: list[str], update_columns: list[str], dialect: str) -> None:
        if dialect not in INSERT or not update_columns or any(row.keys() != rows[0].keys() for row in rows):
            upsert_batch(session, model_class, table, rows, pk_columns, update_columns, dialect)
        else:
            session.connection().execute(upsert(table, dialect, tuple(pk_columns), tuple(update_columns)), rows)

    return upsert_rows
