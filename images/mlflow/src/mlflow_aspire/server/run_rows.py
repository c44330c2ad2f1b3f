"""Runs by the rows of their tables.

MLflow makes an object of SQLAlchemy's of each row, which most of the time of a short request and half of that of a page of runs goes to, asks for metrics,
parameters and tags one after the other, and three times for the datasets and models of a run, which few have. What makes a run of the rows is MLflow's own, as is
the statement that finds the runs of a page.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from typing import Any

from mlflow.entities import Run, RunData, RunInputs, RunOutputs
from mlflow.store.tracking.dbmodels.models import SqlInput, SqlLatestMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, exists, literal_column, null, or_, select, union_all
from sqlalchemy.orm import Session

from .turns import Turns, give

_RUNS, _METRICS, _INPUTS = SqlRun.__table__, SqlLatestMetric.__table__, SqlInput.__table__
_RUN = select(_RUNS).where(_RUNS.c.run_uuid == bindparam("run"))
# What MLflow reads with a run, by the name that a run has it by.
_PARTS = {"latest_metrics": SqlLatestMetric, "tags": SqlTag, "params": SqlParam}
_LINK = "link"


def _parts_of_one() -> Iterator[Select[Any]]:
    """All that belongs to a run, and a row if it has a dataset, or a model that went into it or came out of it."""
    run = bindparam("run")
    numbers = [_METRICS.c[name] for name in ("value", "timestamp", "step", "is_nan")]
    yield select(_name("latest_metrics").label("part"), _METRICS.c.key, null().label("text"), *numbers).where(_METRICS.c.run_uuid == run)
    for name in ("tags", "params"):
        table = _PARTS[name].__table__
        yield select(_name(name), table.c.key, table.c.value, *[null()] * 4).where(table.c.run_uuid == run)
    is_linked = or_(
        and_(_INPUTS.c.destination_type == "RUN", _INPUTS.c.destination_id == run),
        and_(_INPUTS.c.source_type.in_(["RUN_INPUT", "RUN_OUTPUT"]), _INPUTS.c.source_id == run),
    )
    yield select(_name(_LINK), *[null()] * 6).where(exists().where(is_linked))


def _name(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'")


# In one message to the database. Of several runs table by table, as rows that are as wide as all of them cost more than two messages.
_PARTS_OF_ONE = union_all(*_parts_of_one())
_PARTS_OF_SEVERAL = {name: select(model.__table__).where(model.__table__.c.run_uuid.in_(bindparam("runs", expanding=True))) for name, model in _PARTS.items()}

# How many runs' parts one statement reads, and how many rows one call to the driver brings, during which no other thread runs.
_RUNS_AT_ONCE = 500
_ROWS_AT_ONCE = 500

# How many rows are read and made into entities before other threads get a turn, at first and then: a page of 100 runs gives none.
_ROWS_BEFORE_A_TURN = 2_000
_ROWS_A_TURN = 500


class _Entity:
    """What MLflow makes of an object, in the place of the object."""

    def __init__(self, entity: Any) -> None:
        self._entity = entity

    def to_mlflow_entity(self) -> Any:
        return self._entity


class _GivingTurns(RunData):
    """The data of one of many runs, which lets other threads have a turn before it becomes a message, and when it is freed, for which it is among its kind."""

    _properties = RunData._properties

    def to_proto(self) -> Any:
        give()
        return super().to_proto()

    def __del__(self) -> None:
        give()


class _Found(list[_Entity]):
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
        parts: dict[str, list[_Entity]] = {name: [] for name in _PARTS}
        is_linked = False
        for part in connection.execute(_PARTS_OF_ONE, {"run": run_id}):
            if part.part == _LINK:
                is_linked = True
            else:
                values = part if part.part == "latest_metrics" else SimpleNamespace(key=part.key, value=part.text)
                parts[part.part].append(_Entity(_PARTS[part.part].to_mlflow_entity(values)))
        run = _run(row, parts)
        inputs, outputs = RunInputs(dataset_inputs=[], model_inputs=[]), RunOutputs([])
        if is_linked:
            inputs = RunInputs(store._get_run_inputs(session, [run_id])[0], store._get_model_inputs(run_id, session))
            outputs = RunOutputs(store._get_model_outputs(run_id, session))
        return Run(run.info, run.data, inputs, outputs)


def _find(connection: Connection, statement: Select[Any]) -> Iterator[_Entity]:
    turns = Turns(_ROWS_BEFORE_A_TURN, _ROWS_A_TURN)
    for runs in connection.execute(statement.with_only_columns(*statement.selected_columns)).partitions(_RUNS_AT_ONCE):
        ids = [run.run_uuid for run in runs]
        parts = {name: _read_parts(connection, name, ids, turns) for name in _PARTS}
        for row in runs:
            of_run = {name: of_runs[row.run_uuid] for name, of_runs in parts.items()}
            run = _run(row, of_run)
            if turns.worked(1 + sum(map(len, of_run.values()))):
                run.data.__class__ = _GivingTurns
            yield _Entity(run)


def _read_parts(connection: Connection, name: str, runs: list[str], turns: Turns) -> Mapping[str, list[_Entity]]:
    parts = defaultdict(list)
    for rows in connection.execute(_PARTS_OF_SEVERAL[name], {"runs": runs}).partitions(_ROWS_AT_ONCE):
        turns.worked(len(rows))
        for row in rows:
            parts[row.run_uuid].append(_Entity(_PARTS[name].to_mlflow_entity(row)))
    return parts


def _run(row: Row[Any], parts: Mapping[str, list[_Entity]]) -> Run:
    return SqlRun.to_mlflow_entity(SimpleNamespace(**row._mapping, **parts))
