"""Evaluation datasets with their records, and scorers. Servers of before MLflow 3.4 have none."""

import hashlib
import json
import logging
import sqlite3
import uuid
from collections.abc import Iterable
from typing import Any

from mlflow.entities.dataset_record import DATASET_RECORD_WRAPPED_OUTPUT_KEY

from .server import Absent, Broken, Server
from .tables import Row, insert, number

_logger = logging.getLogger(__name__)


def datasets(server: Server, database: sqlite3.Connection, experiments: Iterable[str]) -> None:
    for experiment in experiments:
        try:
            for page in server.pages("POST", "/api/3.0/mlflow/datasets/search", "datasets", experiment_ids=[experiment]):
                for dataset in page:
                    _dataset(server, database, dataset, experiment)
        except Absent:
            return


def scorers(server: Server, database: sqlite3.Connection, experiments: Iterable[str]) -> None:
    for experiment in experiments:
        try:
            for scorer in server.get("/api/3.0/mlflow/scorers/list", experiment_id=experiment).get("scorers", []):
                name = scorer["scorer_name"]
                for version in server.get("/api/3.0/mlflow/scorers/versions", experiment_id=experiment, name=name).get("scorers", []):
                    _scorer(database, version, experiment)
        except Absent:
            return
        except Broken as error:
            # Of a deleted experiment a server tells none.
            _logger.info("could not come: scorers of experiment %s: %s", experiment, error)


def _dataset(server: Server, database: sqlite3.Connection, dataset: Row, experiment: str) -> None:
    key = {"dataset_id": dataset["dataset_id"]}
    insert(database, "evaluation_datasets", [{
        **key,
        "name": dataset["name"],
        "schema": dataset.get("schema"),
        "profile": dataset.get("profile"),
        "digest": dataset.get("digest"),
        "created_time": number(dataset.get("created_time")),
        "last_update_time": number(dataset.get("last_update_time")),
        "created_by": dataset.get("created_by"),
        "last_updated_by": dataset.get("last_updated_by"),
    }])  # fmt: skip
    tags = json.loads(dataset.get("tags") or "{}")
    insert(database, "evaluation_dataset_tags", [{**key, "key": name, "value": value} for name, value in tags.items()])
    insert(database, "entity_associations", [{
        "association_id": uuid.uuid4().hex,
        "source_type": "evaluation_dataset",
        "source_id": dataset["dataset_id"],
        "destination_type": "experiment",
        "destination_id": experiment,
        "created_time": number(dataset.get("created_time")) or 0,
    }])  # fmt: skip
    # A page of them is JSON in a text.
    for page in server.pages("GET", f"/api/3.0/mlflow/datasets/{dataset['dataset_id']}/records", "records"):
        insert(database, "evaluation_dataset_records", [{**key, **_record(record)} for record in json.loads(page or "[]")])


def _record(record: Row) -> Row:
    outputs, source = record.get("outputs"), record.get("source")
    return {
        "dataset_record_id": record["dataset_record_id"],
        "inputs": json.dumps(record["inputs"]),
        "outputs": None if outputs is None else json.dumps({DATASET_RECORD_WRAPPED_OUTPUT_KEY: outputs}),
        "expectations": _json(record.get("expectations")),
        "tags": _json(record.get("tags")),
        "source": _json(source),
        "source_id": record.get("source_id"),
        "source_type": record.get("source_type") or (source and source.get("source_type")),
        "created_time": number(record.get("created_time")),
        "last_update_time": number(record.get("last_update_time")),
        "created_by": record.get("created_by"),
        "last_updated_by": record.get("last_updated_by"),
        # By this MLflow finds a record that it has already.
        "input_hash": hashlib.sha256(json.dumps(record["inputs"], sort_keys=True).encode()).hexdigest(),
    }


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _scorer(database: sqlite3.Connection, version: Row, experiment: str) -> None:
    # Older servers do not tell the id.
    its_id = version.get("scorer_id") or uuid.uuid5(uuid.NAMESPACE_OID, f"{experiment}/{version['scorer_name']}").hex
    insert(database, "scorers", [{"experiment_id": int(experiment), "scorer_name": version["scorer_name"], "scorer_id": its_id}])
    insert(database, "scorer_versions", [{
        "scorer_id": its_id,
        "scorer_version": int(version["scorer_version"]),
        "serialized_scorer": version["serialized_scorer"],
        "creation_time": number(version.get("creation_time")),
    }])  # fmt: skip
