"""Traces with their spans, assessments and links."""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mlflow.entities import Span, TraceInfo
from mlflow.protos.service_pb2 import SearchTraces, SearchTracesV3
from mlflow.store.tracking.dbmodels.models import SqlAssessments
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.tracking.utils.trace_analytics import PROMOTED_TRACE_METADATA_KEYS, analytics_columns_from_metadata
from mlflow.tracing.constant import SpansLocation, TraceMetadataKey, TraceTagKey
from mlflow.utils.proto_json_utils import parse_dict

from ...backup.progress import Counter
from ...log import say
from ..locations import PROXIED
from ..source import Missing, uri
from .files import Entry, attachments_in
from .server import AT_ONCE, Absent, Broken, Server
from .tables import insert

_PAGE = 100
_LOCATION = "mlflow.artifactLocation"
_ARCHIVE = "mlflow.trace.archiveLocation"
_IN_STORE = SpansLocation.TRACKING_STORE.value
_WITH_SERVER = {_IN_STORE, SpansLocation.ARCHIVE_REPO.value}


def place(trace: TraceInfo) -> str:
    return f"{PROXIED}/{trace.experiment_id}/traces/{trace.trace_id}/artifacts"


class Traces:
    """The traces of a server."""

    def __init__(self, server: Server, experiments: Iterable[str]) -> None:
        """Reads all but their spans. Servers of before MLflow 2.14 have none."""
        self._server = server
        self.found: dict[str, TraceInfo] = {}
        self._attachments: dict[str, list[Entry]] = {}
        progress = Counter("traces read")
        for experiment in experiments:
            for page in self._search([experiment]):
                self.found.update({trace.trace_id: trace for trace in page})
                progress.add(len(page))
        progress.end()

    def in_files(self) -> list[TraceInfo]:
        """Those whose spans are a file among the artifacts."""
        return [trace for trace in self.found.values() if not _with_server(trace)]

    def with_attachments(self) -> list[tuple[TraceInfo, list[Entry]]]:
        """The others whose spans, which are written by now, have attachments, with these."""
        return [(self.found[trace], entries) for trace, entries in self._attachments.items()]

    def write(self, database: Path, runs: Iterable[tuple[str, str]]) -> None:
        """Writes them into a database that has their experiments; the runs, each with its experiment, are those that may be linked to some."""
        self._write_spans(database)
        links = [*self._linked_runs(runs), *self._linked_prompts()]
        with sqlite3.connect(database) as rows:
            # What spans alone tell of a trace is less than what the server does.
            for table in ("trace_info", "trace_tags", "trace_request_metadata"):
                rows.execute(f"DELETE FROM {table}")
            for trace in self.found.values():
                _insert(rows, trace)
            insert(rows, "entity_associations", [_link(*link) for link in links])
        rows.close()

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

    def _write_spans(self, database: Path) -> None:
        waiting = [trace for trace in self.found.values() if _with_server(trace)]
        if not waiting:
            return
        store = SqlAlchemyStore(uri(database), f"{PROXIED}/")
        progress = Counter("traces whose spans are read")
        lost = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for trace, spans in zip(waiting, pool.map(self._spans, waiting), strict=True):
                if spans is None:
                    lost.append(trace.trace_id)
                else:
                    store.log_spans(trace.experiment_id, spans)
                progress.add(1)
        store.engine.dispose()
        progress.end()
        if lost:
            say(f"could not come: the spans of {len(lost):,} traces, such as {lost[0]}")

    def _spans(self, trace: TraceInfo) -> list[Span] | None:
        try:
            content = self._server.read("/ajax-api/2.0/mlflow/get-trace-artifact", request_id=trace.trace_id)
            if entries := attachments_in(content):
                self._attachments[trace.trace_id] = entries
            return [Span.from_dict(span) for span in json.loads(content)["spans"]]
        except (Missing, ValueError, KeyError):
            return None

    def _linked_runs(self, runs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
        """Runs that others than their own traces are linked to. Only a search for each tells."""
        having = {trace.experiment_id for trace in self.found.values()}
        asked = [run for run, experiment in runs if experiment in having]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for run, traces in zip(asked, pool.map(lambda run: self._matching(having, f"attributes.run_id = '{run}'"), asked), strict=True):
                for trace in traces:
                    if trace.trace_metadata.get(TraceMetadataKey.SOURCE_RUN) != run:
                        yield trace.trace_id, "run", run

    def _linked_prompts(self) -> Iterator[tuple[str, str, str]]:
        for trace in self.found.values():
            try:
                prompts = json.loads(trace.tags.get(TraceTagKey.LINKED_PROMPTS) or "[]")
                for prompt in prompts:
                    yield trace.trace_id, "prompt_version", f"{prompt['name']}/{prompt['version']}"
            except (ValueError, KeyError, TypeError):
                # Anybody may write a tag.
                continue

    def _matching(self, experiments: Iterable[str], filter_string: str) -> list[TraceInfo]:
        try:
            return [trace for page in self._search(experiments, filter_string) for trace in page]
        except Broken:
            # The server is older than this condition.
            return []


def _with_server(trace: TraceInfo) -> bool:
    return trace.tags.get(TraceTagKey.SPANS_LOCATION) in _WITH_SERVER


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
    tags[_LOCATION] = place(trace)
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


def _link(trace: str, kind: str, destination: str) -> dict[str, Any]:
    return {
        "association_id": uuid.uuid4().hex,
        "source_type": "trace",
        "source_id": trace,
        "destination_type": kind,
        "destination_id": destination,
        "created_time": 0,
    }
