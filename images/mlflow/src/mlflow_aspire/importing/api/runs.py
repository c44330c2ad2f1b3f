"""Experiments, their runs, and the history of metrics."""

import math
import sqlite3
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ...ahead import ahead
from ...backup.progress import Counter
from ..locations import PROXIED
from .server import AT_ONCE, Absent, Broken, Server
from .tables import Row, insert, number, pairs

_DELETED = "deleted"

# As many as the server gives for one metric, of as many runs.
_RUNS = 100
_VALUES = 25_000


def experiments(server: Server, database: sqlite3.Connection, deleted: bool) -> list[str]:
    """Reads the experiments, and gives their numbers."""
    found: list[str] = []
    view = "ALL" if deleted else "ACTIVE_ONLY"
    for page in server.pages("POST", "/api/2.0/mlflow/experiments/search", "experiments", view_type=view, order_by=["experiment_id ASC"]):
        insert(database, "experiments", map(_experiment, page))
        for experiment in page:
            its_id = int(experiment["experiment_id"])
            insert(database, "experiment_tags", [{"experiment_id": its_id, "key": key, "value": value} for key, value in pairs(experiment.get("tags"))])
        found += [experiment["experiment_id"] for experiment in page]
    return found


def runs(server: Server, database: sqlite3.Connection, experiments: Iterable[str], deleted: bool) -> dict[str, str]:
    """Reads the runs, and gives where each keeps its artifacts: the address at the source, and the one here."""
    places: dict[str, str] = {}
    view = "ALL" if deleted else "ACTIVE_ONLY"
    progress = Counter("runs read")
    for experiment in experiments:
        order = ["attributes.start_time ASC"]
        for page in server.pages("POST", "/api/2.0/mlflow/runs/search", "runs", experiment_ids=[experiment], run_view_type=view, order_by=order):
            insert(database, "runs", [_run(run["info"]) for run in page])
            for run in page:
                places[run["info"]["artifact_uri"]] = _place(run["info"])
                _details(database, run)
                _inputs(database, run)
            _metrics(server, database, page)
            progress.add(len(page))
    progress.end()
    return places


def dataset_id(experiment: str, name: str, digest: str) -> str:
    """An id of the dataset of a run. No server tells the one that it has itself; the three are what tells datasets apart."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{experiment}/{name}/{digest}").hex


def metric_value(value: Any) -> tuple[float, bool]:
    """A value as MLflow keeps it: 0 for one that is no number, which is marked, and the largest number for an infinite one."""
    number = float(value)
    if math.isnan(number):
        return 0.0, True
    return max(-sys.float_info.max, min(number, sys.float_info.max)), False


def _experiment(experiment: Row) -> Row:
    return {
        "experiment_id": int(experiment["experiment_id"]),
        "name": experiment["name"],
        "artifact_location": f"{PROXIED}/{experiment['experiment_id']}",
        "lifecycle_stage": experiment["lifecycle_stage"],
        "creation_time": number(experiment.get("creation_time")),
        "last_update_time": number(experiment.get("last_update_time")),
    }


def _place(info: Row) -> str:
    return f"{PROXIED}/{info['experiment_id']}/{info['run_id']}/artifacts"


def _run(info: Row) -> Row:
    return {
        "run_uuid": info["run_id"],
        "experiment_id": int(info["experiment_id"]),
        "name": info.get("run_name"),
        "user_id": info.get("user_id"),
        "status": info["status"],
        "start_time": number(info.get("start_time")),
        "end_time": number(info.get("end_time")),
        "lifecycle_stage": info["lifecycle_stage"],
        "artifact_uri": _place(info),
        # No server tells the rest, which has been in tags for long, or when a run was deleted: it stays for as long as one that is deleted now.
        "deleted_time": int(time.time() * 1000) if info["lifecycle_stage"] == _DELETED else None,
        "source_type": "UNKNOWN",
        "source_name": "",
        "source_version": "",
        "entry_point_name": "",
    }


def _details(database: sqlite3.Connection, run: Row) -> None:
    run_id, data = run["info"]["run_id"], run.get("data", {})
    insert(database, "params", [{"run_uuid": run_id, "key": key, "value": value} for key, value in pairs(data.get("params"))])
    insert(database, "tags", [{"run_uuid": run_id, "key": key, "value": value} for key, value in pairs(data.get("tags"))])
    insert(database, "latest_metrics", [_metric(metric, run_id) for metric in data.get("metrics", [])])


def _metric(metric: Row, run_id: str) -> Row:
    value, is_nan = metric_value(metric.get("value", 0))
    return {
        "run_uuid": run_id,
        "key": metric["key"],
        "value": value,
        "is_nan": is_nan,
        "timestamp": int(metric["timestamp"]),
        "step": int(metric.get("step", 0)),
    }


def _inputs(database: sqlite3.Connection, run: Row) -> None:
    info, inputs = run["info"], run.get("inputs", {})
    run_id = info["run_id"]
    for entry in inputs.get("dataset_inputs", []):
        dataset = entry["dataset"]
        its_id = dataset_id(info["experiment_id"], dataset["name"], dataset["digest"])
        insert(database, "datasets", [{
            "dataset_uuid": its_id,
            "experiment_id": int(info["experiment_id"]),
            "name": dataset["name"],
            "digest": dataset["digest"],
            "dataset_source_type": dataset.get("source_type", ""),
            "dataset_source": dataset.get("source", ""),
            "dataset_schema": dataset.get("schema"),
            "dataset_profile": dataset.get("profile"),
        }])  # fmt: skip
        link = _link("DATASET", its_id, "RUN", run_id)
        insert(database, "inputs", [link])
        insert(database, "input_tags", [{"input_uuid": link["input_uuid"], "name": key, "value": value} for key, value in pairs(entry.get("tags"))])
    insert(database, "inputs", [_link("RUN_INPUT", run_id, "MODEL_INPUT", model["model_id"]) for model in inputs.get("model_inputs", [])])
    outputs = run.get("outputs", {}).get("model_outputs", [])
    insert(database, "inputs", [_link("RUN_OUTPUT", run_id, "MODEL_OUTPUT", model["model_id"], int(model.get("step", 0))) for model in outputs])


def _link(source_type: str, source: str, destination_type: str, destination: str, step: int = 0) -> Row:
    return {
        "input_uuid": uuid.uuid4().hex,
        "source_type": source_type,
        "source_id": source,
        "destination_type": destination_type,
        "destination_id": destination,
        "step": step,
    }


def _metrics(server: Server, database: sqlite3.Connection, page: list[Row]) -> None:
    having = defaultdict(list)
    for run in page:
        for metric in run.get("data", {}).get("metrics", []):
            having[metric["key"]].append(run["info"]["run_id"])
    parts = [(key, ids[start : start + _RUNS]) for key, ids in having.items() for start in range(0, len(ids), _RUNS)]
    for _, values in ahead(lambda part: list(_history(server, *part)), parts, AT_ONCE):
        insert(database, "metrics", values)


def _history(server: Server, key: str, runs: list[str]) -> Iterator[Row]:
    """The values of a metric. Those of many runs come with one call, unless they are more than that gives."""
    try:
        found = server.get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", run_id=runs, metric_key=key, max_results=_VALUES)["metrics"]
    except (Absent, Broken):
        found = None
    if found is not None and len(found) < _VALUES:
        yield from (_metric(metric, metric["run_id"]) for metric in found)
        return
    for run in runs:
        # Without a number MLflow 3.1 gives an empty page.
        for page in server.pages("GET", "/api/2.0/mlflow/metrics/get-history", "metrics", run_id=run, metric_key=key, max_results=_VALUES):
            yield from (_metric(metric, run) for metric in page)
