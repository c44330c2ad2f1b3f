"""Files of traces that users have deleted: MLflow removes the rows of a trace and leaves its files in the store, where nothing leads to them any more.

The server notes in a table of its own where they are, in the transaction that removes the rows, and garbage collection removes them. It does not look for
files without a trace instead: several servers may keep their files in one store.
"""

from typing import Any

from mlflow.store.tracking.dbmodels.models import SqlTraceInfo, SqlTraceTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from mlflow.utils.time import get_current_time_millis
from sqlalchemy import delete, insert, inspect, select

from .tables import DELETED_TRACES

# What a statement may name.
_TRACES = 500


def note_deletions() -> None:
    """Changes MLflow's store, which all deletions of traces lead to."""
    select_ids = SqlAlchemyStore._select_trace_ids_for_delete

    def select_trace_ids_for_delete(self: SqlAlchemyStore, *, session: Any, **options: Any) -> list[str]:
        ids = select_ids(self, session=session, **options)
        # It is missing where another image has migrated the database.
        if inspect(session.connection()).has_table(DELETED_TRACES.name):
            for start in range(0, len(ids), _TRACES):
                _note(session, ids[start : start + _TRACES])
        return ids

    SqlAlchemyStore._select_trace_ids_for_delete = select_trace_ids_for_delete


def deleted_before(store: SqlAlchemyStore, time: int) -> list[tuple[str, str]]:
    """The traces that were deleted before a time in milliseconds, and where their files are."""
    with store.ManagedSessionMaker() as session:
        if not inspect(session.connection()).has_table(DELETED_TRACES.name):
            return []
        # Clients choose the ids of traces, so a deleted one may be there again.
        again = select(SqlTraceInfo.request_id)
        query = select(DELETED_TRACES.c.trace_id, DELETED_TRACES.c.location).where(DELETED_TRACES.c.deleted_at <= time, DELETED_TRACES.c.trace_id.not_in(again))
        return [(trace, location) for trace, location in session.execute(query)]


def forget(store: SqlAlchemyStore, trace: str) -> None:
    """The files of a trace are gone."""
    with store.ManagedSessionMaker(read_only=False) as session:
        session.execute(delete(DELETED_TRACES).where(DELETED_TRACES.c.trace_id == trace))


def _note(session: Any, ids: list[str]) -> None:
    now = get_current_time_millis()
    locations = select(SqlTraceTag.request_id, SqlTraceTag.value).where(SqlTraceTag.request_id.in_(ids), SqlTraceTag.key == MLFLOW_ARTIFACT_LOCATION)
    found = [{"trace_id": trace, "location": location, "deleted_at": now} for trace, location in session.execute(locations)]
    if found:
        session.execute(delete(DELETED_TRACES).where(DELETED_TRACES.c.trace_id.in_(ids)))
        session.execute(insert(DELETED_TRACES), found)
