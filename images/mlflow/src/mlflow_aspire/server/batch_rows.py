"""The rows of a batch: metrics, parameters and tags by one statement for each table.

MLflow makes an object of each row, looks for it in the database and then inserts or updates it, a metric in two tables. A metric that is there already ends the
transaction, which begins again without it. Here the database finds out what is there while it inserts. What is stored and what is refused stays as it is.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, NamedTuple

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.workspace_aware_mixin import WorkspaceAwareMixin
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME
from mlflow.utils.validation import _validate_metric, _validate_tag
from sqlalchemy import Row, bindparam, select, tuple_
from sqlalchemy.orm import Session

from .upserts import INSERT, insert_new, upsert

_RUNS, _METRICS, _LATEST, _PARAMS, _TAGS = (model.__table__ for model in (SqlRun, SqlMetric, SqlLatestMetric, SqlParam, SqlTag))
# What a row of a run is known by, but for one of the history of a metric.
_KEY = ("key", "run_uuid")
_RUN = select(_RUNS.c.run_uuid, _RUNS.c.experiment_id, _RUNS.c.lifecycle_stage).where(_RUNS.c.run_uuid == bindparam("run"))
_VALUES = select(_PARAMS.c.key, _PARAMS.c.value).where(_PARAMS.c.run_uuid == bindparam("run"))


class _Metric(NamedTuple):
    """A row of a metric but for its run, all of which is its key."""

    key: str
    timestamp: int
    step: int
    value: float
    is_nan: bool

    def follows(self, other: "_Metric") -> bool:
        return (self.step, self.timestamp, self.value) > (other.step, other.timestamp, other.value)


def apply() -> None:
    SqlAlchemyStore._log_metrics_once = _where_possible(_log_metrics, SqlAlchemyStore._log_metrics_once)
    SqlAlchemyStore._log_params = _where_possible(_log_params, SqlAlchemyStore._log_params)
    SqlAlchemyStore._set_tags = _where_possible(_set_tags, SqlAlchemyStore._set_tags)


def takes(store: SqlAlchemyStore, tags: Iterable[RunTag]) -> bool:
    """Whether the whole of a batch is stored here, for which `read_run` is enough."""
    return store.db_type in INSERT and not isinstance(store, WorkspaceAwareMixin) and not _renames(tags)


def read_run(session: Session, run: str) -> Row[Any] | None:
    """What a batch needs to know of its run."""
    return session.connection().execute(_RUN, {"run": run}).one_or_none()


def _where_possible(log: Callable[..., None], own: Callable[..., None]) -> Callable[..., None]:
    @wraps(own)
    def log_entities(self: SqlAlchemyStore, run_id: str, entities: Any) -> None:
        possible = self.db_type in INSERT and not (log is _set_tags and _renames(entities))
        (log if possible else own)(self, run_id, entities)

    return log_entities


def _renames(tags: Iterable[RunTag]) -> bool:
    """Whether the name of the run is among them, with which MLflow changes the run as well."""
    return any(tag.key == MLFLOW_RUN_NAME for tag in tags)


def _log_metrics(self: SqlAlchemyStore, run_id: str, metrics: list[Metric]) -> None:
    rows: dict[_Metric, None] = {}
    for index, metric in enumerate(metrics):
        _validate_metric(metric.key, metric.value, metric.timestamp, metric.step, path="" if len(metrics) == 1 else f"metrics[{index}]")
        is_nan, value = self.sanitize_metric_value(metric.value)
        rows[_Metric(metric.key, metric.timestamp, metric.step, value, is_nan)] = None
    with self.ManagedSessionMaker(read_only=False) as session:
        self._check_run_is_active(self._get_run(run_uuid=run_id, session=session))
        if not rows:
            return
        connection = session.connection()
        # In one order, so that no two batches wait for each other.
        stored = {tuple(row) for row in connection.execute(insert_new(_METRICS, self.db_type, _Metric._fields), _of_run(run_id, sorted(rows)))}
        latest: dict[str, _Metric] = {}
        for row in rows:
            if (len(stored) == len(rows) or row in stored) and (row.key not in latest or row.follows(latest[row.key])):
                latest[row.key] = row
        if latest:
            connection.execute(upsert(_LATEST, self.db_type, _KEY, ("value", "timestamp", "step", "is_nan"), _is_later), _of_run(run_id, sorted(latest.values())))


def _log_params(self: SqlAlchemyStore, run_id: str, params: list[Param]) -> None:
    if not params:
        return
    with self.ManagedSessionMaker(read_only=False) as session:
        self._check_run_is_active(self._get_run(run_uuid=run_id, session=session))
        rows = [{"run_uuid": run_id, "key": param.key, "value": param.value} for param in sorted(params, key=lambda param: param.key)]
        stored = session.connection().execute(insert_new(_PARAMS, self.db_type, ("key",)), rows).scalars().all()
        if len(stored) == len(rows):
            return
        values = {row.key: row.value for row in session.connection().execute(_VALUES, {"run": run_id})}
        changed = [{"key": param.key, "old_value": values[param.key], "new_value": param.value} for param in params if values[param.key] != param.value]
        if changed:
            message = f"Changing param values is not allowed. Params were already logged='{changed}' for run ID='{run_id}'."
            raise MlflowException(message, INVALID_PARAMETER_VALUE)


def _set_tags(self: SqlAlchemyStore, run_id: str, tags: list[RunTag]) -> None:
    if not tags:
        return
    validated = [_validate_tag(tag.key, tag.value, path=f"tags[{index}]") for index, tag in enumerate(tags)]
    with self.ManagedSessionMaker(read_only=False) as session:
        self._check_run_is_active(self._get_run(run_uuid=run_id, session=session))
        # The last one of a key.
        values = {tag.key: tag.value for tag in validated}
        rows = [{"run_uuid": run_id, "key": key, "value": value} for key, value in sorted(values.items())]
        session.connection().execute(upsert(_TAGS, self.db_type, _KEY, ("value",), _is_other), rows)


def _of_run(run_id: str, rows: Iterable[_Metric]) -> list[dict[str, Any]]:
    return [{"run_uuid": run_id, **row._asdict()} for row in rows]


def _is_later(new: Any, old: Any) -> Any:
    return tuple_(new.step, new.timestamp, new.value) > tuple_(old.step, old.timestamp, old.value)


def _is_other(new: Any, old: Any) -> Any:
    return old.value.is_distinct_from(new.value)
