"""Removing what is deleted, one by one.

`mlflow gc` stops at the first run whose artifacts cannot be removed, and a run that never had any is such a run. Even with
`--run-ids` it takes all deleted experiments along, and with an experiment the rows of its logged models and traces, but not their files.
It does not ask who still needs them. So this uses the methods of the store that `mlflow gc` uses.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import chain

from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.tracking.dbmodels.models import SqlLoggedModel, SqlTraceInfo, SqlTraceTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from mlflow.utils.time import get_current_time_millis
from sqlalchemy import select

from ..databases import trace_files
from ..errors import Failure
from .folders import folder_of
from .needs import Needs

_logger = logging.getLogger(__name__)

RUN = "run"
MODEL = "logged model"
TRACE = "trace"
EXPERIMENT = "experiment"
TRACE_FILES = "files of deleted trace"


class Garbage:
    """The deleted runs, logged models and experiments of a tracking store, with the traces of those experiments, and the artifacts of all and of deleted traces."""

    def __init__(self, store: SqlAlchemyStore, artifacts: ArtifactRepository) -> None:
        self._store = store
        self._artifacts = artifacts
        self._needs = Needs(store)
        self._removed: Counter[str] = Counter()
        self._needed: set[str] = set()
        self._failed: list[str] = []

    def collect(self, older_than: timedelta) -> None:
        """Removes them, artifacts first, but for what a live object needs.

        Raises:
            Failure: some could not be removed; all others are.
        """
        store = self._store
        age = int(older_than.total_seconds() * 1000)
        for run_id in store._get_deleted_runs(older_than=age):
            self._remove_run(run_id)
        for model_id in store._get_deleted_logged_models(older_than=age):
            self._remove_model(model_id)
        for experiment_id in list(self._deleted_experiments(age)):
            self._remove_experiment(experiment_id)
        for trace_id, location in trace_files.deleted_before(store, get_current_time_millis() - age):
            self._remove_trace_files(trace_id, location)
        self._summarize()

    def _remove_run(self, id: str) -> None:
        self._remove(RUN, id, lambda: self._needs.of_files(id), lambda: self._store.get_run(id).info.artifact_uri, lambda: self._store._hard_delete_run(id))

    def _remove_model(self, id: str) -> None:
        self._remove(
            MODEL,
            id,
            lambda: self._needs.of_files(id),
            lambda: self._store.get_logged_model(id, allow_deleted=True).artifact_location,
            lambda: self._store._hard_delete_logged_model(id),
        )

    def _remove_trace(self, id: str, location: str | None, experiment_id: str) -> None:
        self._remove(
            TRACE,
            id,
            lambda: self._needs.of_trace(id, experiment_id),
            # A trace without a location has no files.
            partial(str, location) if location else None,
            lambda: self._store.delete_traces(experiment_id, trace_ids=[id]),
        )

    def _remove_trace_files(self, id: str, location: str) -> None:
        self._remove(TRACE_FILES, id, lambda: None, lambda: location, lambda: trace_files.forget(self._store, id))

    def _remove_experiment(self, id: str) -> None:
        # Removing an experiment takes the rows of all that is in it along, so that nothing leads to their files any more. Its runs were deleted with it.
        for model_id in self._models_of(id):
            self._remove_model(model_id)
        for trace_id, location in self._traces_of(id):
            self._remove_trace(trace_id, location, id)
        if not self._store.search_runs([id], "", ViewType.ALL, max_results=1) and not self._models_of(id) and not self._traces_of(id):
            self._remove(EXPERIMENT, id, lambda: None, None, lambda: self._store._hard_delete_experiment(id))

    def _remove(
        self, kind: str, id: str, need: Callable[[], str | None], artifact_uri: Callable[[], str] | None, hard_delete: Callable[[], object]
    ) -> None:
        name = f"{kind} {id}"
        if name in self._needed or name in self._failed:
            return
        try:
            if user := need():
                self._needed.add(name)
                _logger.info("%s is kept: %s needs it", name, user)
                return
            if artifact_uri is not None:
                self._remove_artifacts(folder_of(id, artifact_uri()))
            hard_delete()
        except Exception as error:
            # Whatever it is, it is a matter of this one.
            self._failed.append(name)
            _logger.error("%s is kept: %s", name, error)
        else:
            self._removed[kind] += 1
            _logger.info("%s removed", name)

    def _remove_artifacts(self, folder: str) -> None:
        # Some stores call it an error to remove what is not there.
        if self._artifacts.list_artifacts(folder):
            self._artifacts.delete_artifacts(folder)

    def _models_of(self, experiment_id: str) -> list[str]:
        with self._store.ManagedSessionMaker() as session:
            return list(session.scalars(select(SqlLoggedModel.model_id).where(SqlLoggedModel.experiment_id == int(experiment_id))))

    def _traces_of(self, experiment_id: str) -> list[tuple[str, str | None]]:
        tag = (SqlTraceTag.request_id == SqlTraceInfo.request_id) & (SqlTraceTag.key == MLFLOW_ARTIFACT_LOCATION)
        query = select(SqlTraceInfo.request_id, SqlTraceTag.value).outerjoin(SqlTraceTag, tag).where(SqlTraceInfo.experiment_id == int(experiment_id))
        with self._store.ManagedSessionMaker() as session:
            return [(id, location) for id, location in session.execute(query)]

    def _deleted_experiments(self, age: int) -> Iterator[str]:
        until = f"last_update_time < {get_current_time_millis() - age}" if age else None
        token = None
        while True:
            page = self._store.search_experiments(ViewType.DELETED_ONLY, filter_string=until, page_token=token)
            yield from (experiment.experiment_id for experiment in page)
            token = page.token
            if not token:
                return

    def _summarize(self) -> None:
        removed = (f"{kind}s: {self._removed[kind]}" for kind in (RUN, MODEL, TRACE, EXPERIMENT))
        files = (f"files of deleted traces: {self._removed[TRACE_FILES]}",) if self._removed[TRACE_FILES] else ()
        kept = (f"kept for others: {len(self._needed)}",) if self._needed else ()
        _logger.info("removed %s", ", ".join(chain(removed, files, kept)))
        if self._failed:
            raise Failure(f"{len(self._failed)} could not be removed: {', '.join(self._failed)}")
