"""Traces: a call names a place, the experiment, which the sign-in has checked, and objects, which may be somewhere else.

MLflow writes to a trace wherever it is, moves it to the experiment of the call, and takes each word of the caller for tags that say where
the server finds the files of a trace.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mlflow.entities import Span, TraceInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST
from mlflow.server import handlers
from mlflow.store.tracking import sqlalchemy_store
from mlflow.store.tracking.dbmodels.models import SqlAssessments, SqlExperiment, SqlRun, SqlTraceInfo
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracing.constant import TraceTagKey
from mlflow.tracing.utils.otlp import MLFLOW_RUN_ID_HEADER
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from sqlalchemy import bindparam, select

from ..databases import one_connection
from . import caller
from .caller import MayWrite

# They say where the server reads.
PLACES = frozenset({MLFLOW_ARTIFACT_LOCATION, TraceTagKey.SPANS_LOCATION, TraceTagKey.ARCHIVE_LOCATION, TraceTagKey.ARCHIVAL_FAILURE})

# A part of the path of its files, and of a column of 50 characters.
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,50}")

# A row for each of the traces that are there, or one without a trace.
_STAGE_AND_TRACES = (
    select(SqlExperiment.lifecycle_stage, SqlTraceInfo.request_id, SqlTraceInfo.experiment_id)
    .outerjoin(SqlTraceInfo, SqlTraceInfo.request_id.in_(bindparam("traces", expanding=True)))
    .where(SqlExperiment.experiment_id == bindparam("experiment"))
)


def apply(may_write: MayWrite) -> None:
    """Changes MLflow's store, which all ways lead to."""
    handlers._HANDLER_BLOCKED_TRACE_TAGS = PLACES
    _check_tags()
    _check_objects(may_write)


def _check_tags() -> None:
    validate = sqlalchemy_store._validate_trace_tag
    start_v2, end_v2 = SqlAlchemyStore.deprecated_start_trace_v2, SqlAlchemyStore.deprecated_end_trace_v2

    def validate_trace_tag(key: str, value: str) -> tuple[str, str]:
        _refuse_places([key])
        return validate(key, value)

    def deprecated_start_trace_v2(
        self: SqlAlchemyStore, experiment_id: str, timestamp_ms: int, request_metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> Any:
        _refuse_places(tags)
        return start_v2(self, experiment_id, timestamp_ms, request_metadata, tags)

    def deprecated_end_trace_v2(
        self: SqlAlchemyStore, request_id: str, timestamp_ms: int, status: Any, request_metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> Any:
        _refuse_places(tags)
        return end_v2(self, request_id, timestamp_ms, status, request_metadata, tags)

    sqlalchemy_store._validate_trace_tag = validate_trace_tag
    SqlAlchemyStore.deprecated_start_trace_v2 = deprecated_start_trace_v2
    SqlAlchemyStore.deprecated_end_trace_v2 = deprecated_end_trace_v2


def _check_objects(may_write: MayWrite) -> None:
    start, log = SqlAlchemyStore.start_trace, SqlAlchemyStore.log_spans

    def start_trace(self: SqlAlchemyStore, trace_info: TraceInfo) -> TraceInfo:
        if not _ID.fullmatch(trace_info.trace_id):
            raise MlflowException(f"trace_id is {trace_info.trace_id!r}; accepted: up to 50 letters, digits, '.', '_' and '-'", INVALID_PARAMETER_VALUE)
        _refuse_places(trace_info.tags)
        _check_assessments(self, trace_info)
        _check_experiments(self, trace_info.experiment_id, [trace_info.trace_id], None, may_write)
        return start(self, trace_info)

    def log_spans(self: SqlAlchemyStore, location: str, spans: list[Span], tracking_uri: str | None = None) -> list[Span]:
        with one_connection.hold():
            _check_experiments(self, location, {span.trace_id for span in spans}, _run_of_request(), may_write)
            return log(self, location, spans, tracking_uri)

    SqlAlchemyStore.start_trace = start_trace
    SqlAlchemyStore.log_spans = log_spans


def _refuse_places(keys: Iterable[str]) -> None:
    for key in PLACES.intersection(keys):
        raise MlflowException(f"the tag {key!r} of a trace is set only by the server", INVALID_PARAMETER_VALUE)


def _check_assessments(store: SqlAlchemyStore, trace_info: TraceInfo) -> None:
    """MLflow takes an assessment only by its id, from whatever trace has it."""
    named = {assessment.trace_id for assessment in trace_info.assessments if assessment.trace_id}
    if ids := [assessment.assessment_id for assessment in trace_info.assessments if assessment.assessment_id]:
        with store.ManagedSessionMaker() as session:
            named |= {trace for (trace,) in session.query(SqlAssessments.trace_id).filter(SqlAssessments.assessment_id.in_(ids))}
    if named - {trace_info.trace_id}:
        raise MlflowException(f"an assessment of trace {trace_info.trace_id} is one of another trace", INVALID_PARAMETER_VALUE)


def _run_of_request() -> str | None:
    """The run that a request of OTLP names in its headers. MLflow links it when the spans are stored, and tells nobody when it cannot."""
    request = caller.scope.get()
    name = MLFLOW_RUN_ID_HEADER.encode()
    return next((value.decode("latin-1") for header, value in request["headers"] if header == name), None) if request else None


def _check_experiments(store: SqlAlchemyStore, experiment: str, traces: Iterable[str], run: str | None, may_write: MayWrite) -> None:
    """The experiment takes traces, and what is in another one is the caller's to change."""
    if not (experiment.isascii() and experiment.isdecimal()) or int(experiment) >= 2**31:
        raise MlflowException(f"there is no experiment {experiment!r}", RESOURCE_DOES_NOT_EXIST)
    with store.ManagedSessionMaker() as session:
        rows = session.connection().execute(_STAGE_AND_TRACES, {"experiment": int(experiment), "traces": list(traces)}).all()
        stage = rows[0].lifecycle_stage if rows else None
        found = {f"trace {row.request_id}": str(row.experiment_id) for row in rows if row.request_id is not None}
        if run is not None:
            place = session.query(SqlRun.experiment_id).filter(SqlRun.run_uuid == run).scalar()
            if place is None:
                raise MlflowException(f"there is no run {run!r}", RESOURCE_DOES_NOT_EXIST)
            found[f"run {run}"] = str(place)
    if stage is None:
        raise MlflowException(f"there is no experiment {experiment}", RESOURCE_DOES_NOT_EXIST)
    if stage != "active":
        raise MlflowException(f"experiment {experiment} is {stage}; accepted: an active one", INVALID_PARAMETER_VALUE)
    for name, place in found.items():
        if place != experiment and not may_write(place):
            raise MlflowException(f"{name} belongs to another experiment than {experiment}, which you may not write to", PERMISSION_DENIED)
