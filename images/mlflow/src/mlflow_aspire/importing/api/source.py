"""A running MLflow server as a source of an import."""

import logging
import sqlite3
from pathlib import Path

from .. import source
from ..locations import PROXIED
from ..source import Artifact
from . import evaluation, files, models, runs
from .server import Server
from .traces import Traces

_logger = logging.getLogger(__name__)


class ServerSource:
    def __init__(self, address: str, deleted: bool) -> None:
        """Looks whether there is a server that lets itself be read.

        Raises:
            Failure: there is not.
        """
        self._server = Server(address)
        self._server.check()
        self._deleted = deleted
        self._places: list[files.Place] = []

    def copy(self, target: Path) -> None:
        server = self._server
        source.upgrade(Path(server.address), target)
        with sqlite3.connect(target) as database:
            # A new server has one by itself.
            database.execute("DELETE FROM experiments")
            experiments = runs.experiments(server, database, self._deleted)
            of_runs = runs.runs(server, database, experiments, self._deleted)
            of_models = models.logged(server, database, experiments)
            models.registered(server, database, {**of_runs, **of_models})
            evaluation.datasets(server, database, experiments)
            evaluation.scorers(server, database, experiments)
        known = [(run, str(experiment)) for run, experiment in database.execute("SELECT run_uuid, experiment_id FROM runs")]
        self._places = [
            *(files.of_run(server, run, _path(address)) for run, address in database.execute("SELECT run_uuid, artifact_uri FROM runs")),
            *(files.of_model(server, model, _path(address)) for model, address in database.execute("SELECT model_id, artifact_location FROM logged_models")),
        ]
        database.close()
        copies = target.with_suffix(".spans")
        copies.mkdir()
        traces = Traces(server, target, copies)
        traces.read(experiments, known)
        self._places += traces.places
        _logger.info("users and their permissions, keys and endpoints of the AI gateway, webhooks, jobs and reviews do not come over an API")

    def artifacts(self) -> list[Artifact]:
        return list(files.all_of(self._places))


def _path(address: str) -> str:
    return address.removeprefix(f"{PROXIED}/")
