"""A run by the rows of its tables.

MLflow makes an object of SQLAlchemy's of each row, which most of the time of a short request goes to, and asks three times for datasets and models that few runs
have. What makes a run of the rows is MLflow's own.
"""

from functools import wraps
from types import SimpleNamespace
from typing import Any

from mlflow.entities import Run, RunInputs, RunOutputs
from mlflow.store.tracking.dbmodels.models import SqlInput, SqlLatestMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin
from sqlalchemy import Connection, and_, bindparam, literal, or_, select

_RUNS, _INPUTS = SqlRun.__table__, SqlInput.__table__
_RUN = select(_RUNS).where(_RUNS.c.run_uuid == bindparam("run"))
# What MLflow reads with a run, by the name that a run has it by.
_PARTS = {
    name: (model, select(model.__table__).where(model.__table__.c.run_uuid == bindparam("run")))
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


class _Part:
    """A row in the place of an object."""

    def __init__(self, entity: Any) -> None:
        self._entity = entity

    def to_mlflow_entity(self) -> Any:
        return self._entity


def apply() -> None:
    SqlAlchemyStore.get_run = _by_rows(SqlAlchemyStore.get_run)


def _by_rows(get_run: Any) -> Any:
    @wraps(get_run)
    def get(self: SqlAlchemyStore, run_id: str) -> Run:
        # A workspace has its own runs, and of a run that is not there MLflow says so.
        run = None if isinstance(self, WorkspaceAwareMixin) else _read(self, run_id)
        return run or get_run(self, run_id)

    return get


def _read(store: SqlAlchemyStore, run_id: str) -> Run | None:
    with store.ManagedSessionMaker() as session:
        connection = session.connection()
        row = connection.execute(_RUN, {"run": run_id}).one_or_none()
        if row is None:
            return None
        parts = {name: _read_part(connection, model, statement, run_id) for name, (model, statement) in _PARTS.items()}
        run = SqlRun.to_mlflow_entity(SimpleNamespace(**row._mapping, **parts))
        inputs, outputs = RunInputs(dataset_inputs=[], model_inputs=[]), RunOutputs([])
        if connection.execute(_LINK, {"run": run_id}).first() is not None:
            inputs = RunInputs(store._get_run_inputs(session, [run_id])[0], store._get_model_inputs(run_id, session))
            outputs = RunOutputs(store._get_model_outputs(run_id, session))
        return Run(run.info, run.data, inputs, outputs)


def _read_part(connection: Connection, model: Any, statement: Any, run: str) -> list[_Part]:
    return [_Part(model.to_mlflow_entity(row)) for row in connection.execute(statement, {"run": run})]
