"""Traces with their spans, assessments and links."""

import json
import logging
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path

from mlflow.entities import Span, TraceInfo
from mlflow.protos.service_pb2 import SearchTraces, SearchTracesV3
from mlflow.store.tracking.dbmodels.models import SqlAssessments
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.tracking.utils.trace_analytics import PROMOTED_TRACE_METADATA_KEYS, analytics_columns_from_metadata
from mlflow.tracing.constant import SpansLocation, TraceMetadataKey, TraceTagKey
from mlflow.utils.proto_json_utils import parse_dict

from ...ahead import ahead
from ...backup.progress import Counter
from ..locations import PROXIED
from ..source import Missing, uri
from . import files
from .files import Place
from .server import AT_ONCE, Absent, Broken, Server
from .tables import Row, insert

_logger = logging.getLogger(__name__)

_PAGE = 100
_LOCATION = "mlflow.artifactLocation"
_ARCHIVE = "mlflow.trace.archiveLocation"
_IN_STORE = SpansLocation.TRACKING_STORE.value
_WITH_SERVER = {_IN_STORE, SpansLocation.ARCHIVE_REPO.value}


def folder(trace: TraceInfo) -> str:
    """Where its files are in the store of this server."""
    return f"{trace.experiment_id}/traces/{trace.trace_id}/artifacts"


class Traces:
    """The traces of a server, on their way into a database that has their experiments."""

    def __init__(self, server: Server, database: Path, copies: Path) -> None:
        self._server = server
        self._database = database
        self._copies = copies
        self._known: set[str] = set()
        self._lost: list[str] = []
        self.places: list[Place] = []
        """Where the files of those are that have been read."""

    def read(self, experiments: Iterable[str], runs: Iterable[tuple[str, str]]) -> None:
        """Reads them, page by page. The runs, each with its experiment, are those that may be linked to some. Servers of before MLflow 2.14 have none."""
        progress = Counter("traces read")
        having: set[str] = set()
        with closing(sqlite3.connect(self._database)) as rows:
            for experiment in experiments:
                for page in self._search([experiment]):
                    # A server that is in use may tell one on two pages.
                    traces = [trace for trace in page if trace.trace_id not in self._known]
                    self._known.update(trace.trace_id for trace in traces)
                    self._write(rows, traces)
                    having.update(trace.experiment_id for trace in traces)
                    progress.add(len(traces))
            progress.end()
            with rows:
                insert(rows, "entity_associations", self._linked_runs([run for run, experiment in runs if experiment in having], having))
        if "_store" in self.__dict__:
            self._store.engine.dispose()
        if self._lost:
            _logger.info("could not come: the spans of %s traces, such as %s", f"{len(self._lost):,}", self._lost[0])

    @cached_property
    def _store(self) -> SqlAlchemyStore:
        return SqlAlchemyStore(uri(self._database), f"{PROXIED}/")

    def _write(self, rows: sqlite3.Connection, traces: list[TraceInfo]) -> None:
        for trace, copy in ahead(self._copy_of_spans, filter(_with_server, traces), AT_ONCE):
            self._write_spans(trace, copy)
        self.places += [
            files.of_trace(self._server, trace.trace_id, trace.tags.get(_LOCATION, ""), folder(trace), self._copies)
            for trace in traces
            if not _with_server(trace)
        ]
        with rows:
            # What the spans by themselves tell of a trace is less than what the server does.
            for table in ("trace_info", "trace_tags", "trace_request_metadata"):
                rows.executemany(f"DELETE FROM {table} WHERE request_id = ?", [(trace.trace_id,) for trace in traces])
            for trace in traces:
                _insert(rows, trace)
                insert(rows, "entity_associations", _linked_prompts(trace))

    def _copy_of_spans(self, trace: TraceInfo) -> Path | None:
        try:
            return files.spans_of(self._server, trace.trace_id, self._copies)
        except Missing:
            return None

    def _write_spans(self, trace: TraceInfo, copy: Path | None) -> None:
        try:
            content = copy.read_bytes() if copy else b""
            spans = [Span.from_dict(span) for span in json.loads(content)["spans"]]
        except (ValueError, KeyError):
            self._lost.append(trace.trace_id)
            return
        finally:
            if copy:
                copy.unlink()
        self._store.log_spans(trace.experiment_id, spans)
        if entries := files.attachments_in(content):
            self.places.append(files.of_attachments(self._server, trace.trace_id, entries, folder(trace)))

    def _search(self, experiments: Iterable[str], filter_string: str | None = None) -> Iterator[list[TraceInfo]]:
        condition = {"filter": filter_string} if filter_string else {}
        order = {"order_by": ["timestamp_ms ASC"]}
        locations = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}} for experiment in experiments]
        try:
            for page in self._server.pages("POST", "/api/3.0/mlflow/traces/search", "traces", locations=locations, max_results=_PAGE, **order, **condition):
                answer = SearchTracesV3.Response()
                parse_dict({"traces": page}, answer)
                yield [TraceInfo.from_proto(trace) for trace in answer.traces]
            return
        except Absent:
            if filter_string:
                return
        try:
            for page in self._server.pages("GET", "/api/2.0/mlflow/traces", "traces", experiment_ids=experiments, max_results=_PAGE, **order):
                old = SearchTraces.Response()
                parse_dict({"traces": page}, old)
                yield [TraceInfo.from_proto(trace) for trace in old.traces]
        except Absent:
            return

    def _linked_runs(self, runs: Iterable[str], experiments: set[str]) -> Iterator[Row]:
        """Runs that others than their own traces are linked to. Only a search for each tells."""
        for run, traces in ahead(lambda run: self._matching(experiments, f"attributes.run_id = '{run}'"), runs, AT_ONCE):
            for trace in traces:
                if trace.trace_metadata.get(TraceMetadataKey.SOURCE_RUN) != run:
                    yield _link(trace.trace_id, "run", run)

    def _matching(self, experiments: Iterable[str], filter_string: str) -> list[TraceInfo]:
        try:
            return [trace for page in self._search(experiments, filter_string) for trace in page]
        except Broken:
            # The server is older than this condition.
            return []


def _with_server(trace: TraceInfo) -> bool:
    return trace.tags.get(TraceTagKey.SPANS_LOCATION) in _WITH_SERVER


def _linked_prompts(trace: TraceInfo) -> Iterator[Row]:
    try:
        for prompt in json.loads(trace.tags.get(TraceTagKey.LINKED_PROMPTS) or "[]"):
            yield _link(trace.trace_id, "prompt_version", f"{prompt['name']}/{prompt['version']}")
    except (ValueError, KeyError, TypeError):
        # Anybody may write a tag.
        return


def _insert(rows: sqlite3.Connection, trace: TraceInfo) -> None:
    metadata, tags = dict(trace.trace_metadata), dict(trace.tags)
    insert(rows, "trace_info", [{
        "request_id": trace.trace_id,
        "experiment_id": int(trace.experiment_id),
        "timestamp_ms": trace.request_time,
        "execution_time_ms": trace.execution_duration,
        "status": trace.state.value,
        "client_request_id": trace.client_request_id,
        "request_preview": trace.request_preview,
        "response_preview": trace.response_preview,
        "trace_name": tags.pop(TraceTagKey.TRACE_NAME, None),
        **analytics_columns_from_metadata(metadata),
    }])  # fmt: skip
    tags[_LOCATION] = f"{PROXIED}/{folder(trace)}"
    if _with_server(trace):
        tags[TraceTagKey.SPANS_LOCATION] = _IN_STORE
        tags.pop(_ARCHIVE, None)
    insert(rows, "trace_tags", [{"request_id": trace.trace_id, "key": key, "value": value} for key, value in tags.items()])
    kept = {key: value for key, value in metadata.items() if key not in PROMOTED_TRACE_METADATA_KEYS}
    insert(rows, "trace_request_metadata", [{"request_id": trace.trace_id, "key": key, "value": value} for key, value in kept.items()])
    for assessment in trace.assessments:
        row = SqlAssessments.from_mlflow_entity(assessment)
        insert(rows, "assessments", [{
            **{column.name: getattr(row, column.name) for column in SqlAssessments.__table__.columns},
            "trace_id": trace.trace_id,
            "experiment_id": int(trace.experiment_id),
            "trace_timestamp_ms": trace.request_time,
            "valid": assessment.valid is not False,
        }])  # fmt: skip


def _link(trace: str, kind: str, destination: str) -> Row:
    return {
        "association_id": uuid.uuid4().hex,
        "source_type": "trace",
        "source_id": trace,
        "destination_type": kind,
        "destination_id": destination,
        "created_time": 0,
    }
