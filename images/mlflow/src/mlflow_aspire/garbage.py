"""Removing what is deleted, one by one.

`mlflow gc` stops at the first run whose artifacts cannot be removed, and a run that never had any is such a run. Even with
`--run-ids` it takes all deleted experiments along. So this uses the methods of the store that `mlflow gc` uses.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.time import get_current_time_millis

from .artifact_folders import folder_of
from .errors import Failure
from .log import complain, say

RUN = "run"
MODEL = "logged model"
EXPERIMENT = "experiment"


class Garbage:
    """The deleted runs, logged models and experiments of a tracking store, and their artifacts."""

    def __init__(self, store: SqlAlchemyStore, artifacts: ArtifactRepository) -> None:
        self._store = store
        self._artifacts = artifacts
        self._removed: Counter[str] = Counter()
        self._failed: list[str] = []

    def collect(self, older_than: timedelta) -> None:
        """Removes them, artifacts first.

        Raises:
            Failure: some could not be removed; all others are.
        """
        store = self._store
        age = int(older_than.total_seconds() * 1000)
        for run_id in store._get_deleted_runs(older_than=age):
            self._remove(RUN, run_id, self._run_artifacts, store._hard_delete_run)
        for model_id in store._get_deleted_logged_models(older_than=age):
            self._remove(MODEL, model_id, self._model_artifacts, store._hard_delete_logged_model)
        for experiment_id in list(self._deleted_experiments(age)):
            # Removing an experiment takes its runs along, but not their artifacts.
            if not store.search_runs([experiment_id], "", ViewType.ALL, max_results=1):
                self._remove(EXPERIMENT, experiment_id, None, store._hard_delete_experiment)
        self._summarize()

    def _remove(self, kind: str, id: str, artifact_uri: Callable[[str], str] | None, hard_delete: Callable[[str], None]) -> None:
        try:
            if artifact_uri is not None:
                self._remove_artifacts(folder_of(id, artifact_uri(id)))
            hard_delete(id)
        except Exception as error:
            # Whatever it is, it is a matter of this one.
            self._failed.append(f"{kind} {id}")
            complain(f"{kind} {id} is kept: {error}")
        else:
            self._removed[kind] += 1
            say(f"{kind} {id} removed")

    def _remove_artifacts(self, folder: str) -> None:
        # Some stores call it an error to remove what is not there.
        if self._artifacts.list_artifacts(folder):
            self._artifacts.delete_artifacts(folder)

    def _run_artifacts(self, id: str) -> str:
        return self._store.get_run(id).info.artifact_uri

    def _model_artifacts(self, id: str) -> str:
        return self._store.get_logged_model(id, allow_deleted=True).artifact_location

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
        say("removed " + ", ".join(f"{kind}s: {self._removed[kind]}" for kind in (RUN, MODEL, EXPERIMENT)))
        if self._failed:
            raise Failure(f"{len(self._failed)} could not be removed: {', '.join(self._failed)}")
