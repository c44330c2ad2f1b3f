"""Runs by the rows of their tables.

MLflow makes an object of SQLAlchemy's of each row, which most of the time of a short request and half of that of a page of runs goes to, and asks three times for
the datasets and models of a run, which few have. What makes a run of the rows is MLflow's own, as is the statement that finds the runs of a page.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from typing import Any

from mlflow.entities import Run, RunInputs, RunOutputs
from mlflow.store.tracking.dbmodels.models import SqlInput, SqlLatestMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin
from sqlalchemy import Connection, Row, Select, and_, bindparam, literal, or_, select
from sqlalchemy.orm import Session

_RUNS, _INPUTS = SqlRun.__table__, SqlInput.__table__
_RUN = select(_RUNS).where(_RUNS.c.run_uuid == bindparam("run"))
# What MLflow reads with a run, by the name that a run has it by: for one, and for several.
_PARTS = {
    name: (
        model,
        select(model.__table__).where(model.__table__.c.run_uuid == bindparam("run")),
        select(model.__table__).where(model.__table__.c.run_uuid.in_(bindparam("runs", expanding=True))),
    )
    for name, model in (("tags", SqlTag), ("params", SqlParam), ("latest_metrics", SqlLatestMetric))
}
# Whether it has a dataset, or a model that went into it or came out of it.
_LINK = (
    select(literal(1))
    .where(
        or_(
            and_(_INPUTS.c.destination_type == "RUN", _INPUTS.c.destination_id == bindparam("run")),
            and_(_INPUTS.c.source_type.in_(["RUN_INPUT", "RUN_OUTPUT"]), _INPUTS.c.source_id == bindparam("run")),
        )
    )
    .limit(1)
)

# How many runs' parts one statement reads, and how many rows one call to the driver brings, during which no other thread runs.
_RUNS_AT_ONCE = 500
_ROWS_AT_ONCE = 1_000


class _Read:
    """A row in the place of an object."""

    def __init__(self, entity: Any) -> None:
        self._entity = entity

    def to_mlflow_entity(self) -> Any:
        return self._entity


class _Found(list[_Read]):
    """Runs in the place of the result of a statement."""

    def scalars(self, _: Any) -> "_Found":
        return self

    def all(self) -> "_Found":
        return self


class _Searching:
    """A store whose session finds runs by their rows."""

    def __init__(self, store: SqlAlchemyStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @staticmethod
    def _get_eager_run_query_options() -> list[Any]:
        return []

    @contextmanager
    def ManagedSessionMaker(self) -> Iterator["_Session"]:
        with self._store.ManagedSessionMaker() as session:
            yield _Session(session)


class _Session:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def execute(self, statement: Select[Any]) -> _Found:
        return _Found(_find(self._session.connection(), statement))


def apply() -> None:
    SqlAlchemyStore.get_run = _by_rows(SqlAlchemyStore.get_run)
    SqlAlchemyStore._search_runs = _searching(SqlAlchemyStore._search_runs)


def _by_rows(get_run: Any) -> Any:
    @wraps(get_run)
    def get(self: SqlAlchemyStore, run_id: str) -> Run:
        # A workspace has its own runs, and of a run that is not there MLflow says so.
        run = None if isinstance(self, WorkspaceAwareMixin) else _read(self, run_id)
        return run or get_run(self, run_id)

    return get


def _searching(search_runs: Any) -> Any:
    @wraps(search_runs)
    def search(self: SqlAlchemyStore, *arguments: Any, **options: Any) -> Any:
        return search_runs(_Searching(self), *arguments, **options)

    return search


def _read(store: SqlAlchemyStore, run_id: str) -> Run | None:
    with store.ManagedSessionMaker() as session:
        connection = session.connection()
        row = connection.execute(_RUN, {"run": run_id}).one_or_none()
        if row is None:
            return None
        parts = {name: [_Read(model.to_mlflow_entity(part)) for part in connection.execute(one, {"run": run_id})] for name, (model, one, _) in _PARTS.items()}
        run = _run(row, parts)
        inputs, outputs = RunInputs(dataset_inputs=[], model_inputs=[]), RunOutputs([])
        if connection.execute(_LINK, {"run": run_id}).first() is not None:
            inputs = RunInputs(store._get_run_inputs(session, [run_id])[0], store._get_model_inputs(run_id, session))
            outputs = RunOutputs(store._get_model_outputs(run_id, session))
        return Run(run.info, run.data, inputs, outputs)


def _find(connection: Connection, statement: Select[Any]) -> Iterator[_Read]:
    for rows in connection.execute(statement.with_only_columns(*statement.selected_columns)).partitions(_RUNS_AT_ONCE):
        parts = {name: _read_parts(connection, model, several, [row.run_uuid for row in rows]) for name, (model, _, several) in _PARTS.items()}
        for row in rows:
            yield _Read(_run(row, {name: of_runs[row.run_uuid] for name, of_runs in parts.items()}))


def _read_parts(connection: Connection, model: Any, statement: Select[Any], runs: list[str]) -> Mapping[str, list[_Read]]:
    parts = defaultdict(list)
    for rows in connection.execute(statement, {"runs": runs}).partitions(_ROWS_AT_ONCE):
        for row in rows:
            parts[row.run_uuid].append(_Read(model.to_mlflow_entity(row)))
    return parts


def _run(row: Row[Any], parts: Mapping[str, list[_Read]]) -> Run:
    return SqlRun.to_mlflow_entity(SimpleNamespace(**row._mapping, **parts))
