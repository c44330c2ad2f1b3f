"""Logged models, and registered models with their versions, which prompts are too."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from mlflow.entities import LoggedModel
from mlflow.protos.service_pb2 import SearchLoggedModels
from mlflow.utils.proto_json_utils import parse_dict

from ..locations import PROXIED
from .runs import dataset_id, metric_value
from .server import Absent, Server
from .tables import Row, insert, number, pairs

_PROMPTS = "tag.`mlflow.prompt.is_prompt` = 'true'"


def logged(server: Server, database: sqlite3.Connection, experiments: Iterable[str]) -> dict[str, str]:
    """Reads the models that runs have logged, and gives where each keeps its artifacts: the address at the source, and the one here."""
    places: dict[str, str] = {}
    for experiment in experiments:
        try:
            for page in server.pages("POST", "/api/2.0/mlflow/logged-models/search", "models", experiment_ids=[experiment], max_results=50):
                answer = SearchLoggedModels.Response()
                parse_dict({"models": page}, answer)
                for model in map(LoggedModel.from_proto, answer.models):
                    places[model.artifact_location] = _place(model)
                    _logged(database, model)
        except Absent:
            # Older than MLflow 3.
            return places
    return places


def registered(server: Server, database: sqlite3.Connection, places: dict[str, str]) -> None:
    """Reads registered models and prompts, whose versions lead to artifacts here."""
    # Without a word of prompts a server leaves them out.
    kinds: list[dict[str, str]] = [{}, {"filter": _PROMPTS}]
    for filter_string in kinds:
        for page in server.pages("GET", "/api/2.0/mlflow/registered-models/search", "registered_models", **filter_string):
            for model in page:
                _registered(database, model)
                for versions in _versions(server, model["name"], filter_string):
                    for version in versions:
                        _version(server, database, version, places)


def moved(address: str, places: dict[str, str]) -> str:
    """The address here of something that a run or a model has among its artifacts."""
    folder = address.rstrip("/")
    while folder:
        if folder in places:
            return places[folder] + address[len(folder) :]
        folder = folder.rpartition("/")[0]
    return address


def _versions(server: Server, name: str, filter_string: dict[str, str]) -> Iterator[list[Any]]:
    # Of the two quotes a name can have one in a filter.
    quote = '"' if "'" in name else "'"
    condition = f"name = {quote}{name}{quote}" + (f" AND {_PROMPTS}" if filter_string else "")
    return server.pages("GET", "/api/2.0/mlflow/model-versions/search", "model_versions", filter=condition)


def _place(model: LoggedModel) -> str:
    return f"{PROXIED}/{model.experiment_id}/models/{model.model_id}/artifacts"


def _logged(database: sqlite3.Connection, model: LoggedModel) -> None:
    key = {"model_id": model.model_id, "experiment_id": int(model.experiment_id)}
    insert(database, "logged_models", [{
        **key,
        "name": model.name,
        "artifact_location": _place(model),
        "creation_timestamp_ms": model.creation_timestamp,
        "last_updated_timestamp_ms": model.last_updated_timestamp,
        "status": model.status.to_int(),
        "lifecycle_stage": "active",
        "model_type": model.model_type or None,
        "source_run_id": model.source_run_id or None,
        "status_message": model.status_message or None,
    }])  # fmt: skip
    insert(database, "logged_model_params", [{**key, "param_key": name, "param_value": value} for name, value in model.params.items()])
    insert(database, "logged_model_tags", [{**key, "tag_key": name, "tag_value": value} for name, value in model.tags.items()])
    insert(database, "logged_model_metrics", [
        {
            **key,
            "metric_name": metric.key,
            "metric_value": metric_value(metric.value)[0],
            "metric_timestamp_ms": metric.timestamp,
            "metric_step": metric.step,
            "run_id": metric.run_id,
            "dataset_uuid": dataset_id(model.experiment_id, metric.dataset_name, metric.dataset_digest) if metric.dataset_name else None,
            "dataset_name": metric.dataset_name or None,
            "dataset_digest": metric.dataset_digest or None,
        }
        for metric in model.metrics or []
    ])  # fmt: skip


def _registered(database: sqlite3.Connection, model: Row) -> None:
    name = model["name"]
    insert(database, "registered_models", [{
        "name": name,
        "creation_time": number(model.get("creation_timestamp")),
        "last_updated_time": number(model.get("last_updated_timestamp")),
        "description": model.get("description"),
    }])  # fmt: skip
    insert(database, "registered_model_tags", [{"name": name, "key": key, "value": value} for key, value in pairs(model.get("tags"))])
    aliases = [{"name": name, "alias": alias["alias"], "version": int(alias["version"])} for alias in model.get("aliases", [])]
    insert(database, "registered_model_aliases", aliases)


def _version(server: Server, database: sqlite3.Connection, version: Row, places: dict[str, str]) -> None:
    key = {"name": version["name"], "version": int(version["version"])}
    source = version.get("source")
    insert(database, "model_versions", [{
        **key,
        "creation_time": number(version.get("creation_timestamp")),
        "last_updated_time": number(version.get("last_updated_timestamp")),
        "description": version.get("description"),
        "user_id": version.get("user_id"),
        "current_stage": version.get("current_stage"),
        "source": source and moved(source, places),
        "storage_location": _storage(server, version, places),
        "run_id": version.get("run_id") or None,
        "run_link": version.get("run_link"),
        "status": version.get("status"),
        "status_message": version.get("status_message"),
    }])  # fmt: skip
    insert(database, "model_version_tags", [{**key, "key": name, "value": value} for name, value in pairs(version.get("tags"))])


def _storage(server: Server, version: Row, places: dict[str, str]) -> str | None:
    try:
        found = server.get("/api/2.0/mlflow/model-versions/get-download-uri", name=version["name"], version=version["version"]).get("artifact_uri")
    except Absent:
        # It has been deleted meanwhile.
        found = version.get("source")
    return found and moved(found, places)
