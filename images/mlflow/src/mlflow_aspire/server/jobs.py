"""How many jobs there are in each state."""

import time
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

# A collector may ask every second.
_SECONDS = 15


def observe() -> None:
    """Counts the jobs of the database. All servers on one database tell the same numbers."""
    get_meter(__name__).create_observable_gauge("mlflow.jobs", [Jobs()], "{job}", "Jobs in the database, by name and status.")


class Jobs:
    """What the database has, not older than a few seconds."""

    def __init__(self) -> None:
        self._read_at = -float("inf")
        self._last: list[Observation] = []

    def __call__(self, options: CallbackOptions) -> Iterable[Observation]:
        if time.monotonic() - self._read_at >= _SECONDS:
            self._last = _read()
            self._read_at = time.monotonic()
        return self._last


def _read() -> list[Observation]:
    # MLflow reads settings while it is imported.
    from mlflow.entities._job_status import JobStatus
    from mlflow.exceptions import MlflowException
    from mlflow.server.handlers import _get_job_store
    from mlflow.store.tracking.dbmodels.models import SqlJob

    statement = select(SqlJob.job_name, SqlJob.status, func.count()).group_by(SqlJob.job_name, SqlJob.status)
    try:
        with _get_job_store().ManagedSessionMaker(read_only=True) as session:
            rows = session.execute(statement).all()
    except (MlflowException, SQLAlchemyError):
        # Readiness tells whether the database answers. What it had is told no longer.
        return []
    return [Observation(count, {"mlflow.job.name": name, "mlflow.job.status": JobStatus.from_int(status).value}) for name, status, count in rows]
