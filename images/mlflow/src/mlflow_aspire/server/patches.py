"""Small changes to MLflow, each of which a test holds against MLflow's own code."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import Engine
from sqlalchemy.orm import selectinload

from ..databases import one_connection, sessions, trials
from . import batch_rows, batches, run_pages, run_rows, spans
from .compact_json import CompactJson

T = TypeVar("T")


def apply() -> None:
    share_engines()
    use_request_threads()
    remember_orders()
    answer_compactly()
    keep_what_was_read()
    load_tags_by_experiment()
    batches.use_one_session()
    batch_rows.apply()
    run_rows.apply()
    run_pages.apply()
    one_connection.share()
    trials.apply()
    spans.apply()


def share_engines() -> None:
    """One engine for stores of one database: a thread uses them one after the other, and each pool would keep connections of its own."""
    from mlflow.store.jobs.sqlalchemy_store import SqlAlchemyJobStore
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as ModelRegistryStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore

    ModelRegistryStore._engine_map = SqlAlchemyJobStore._engine_map = TrackingStore._engine_map


def use_request_threads() -> None:
    """Spans are stored in the threads that the pool is sized for, which other requests use, instead of some of their own."""
    from mlflow.server import otel_api
    from mlflow.store.tracking import abstract_store

    otel_api.asyncio = abstract_store.asyncio = SimpleNamespace(to_thread=anyio.to_thread.run_sync)


def remember_orders() -> None:
    """The SQL parser takes a millisecond for an order such as `creation_time DESC`, and there are few."""
    from mlflow.utils.search_utils import SearchUtils

    parse = SearchUtils._parse_order_by_string.__func__
    SearchUtils._parse_order_by_string = classmethod(lru_cache(maxsize=256)(parse))


def answer_compactly() -> None:
    """Answers in JSON without indentation, for which Python has no fast way: it takes half of the time of a page of runs."""
    from mlflow.server import handlers

    handlers.message_to_json = CompactJson(handlers.message_to_json)


def keep_what_was_read() -> None:
    """A session that only reads does not mark all that it has read as out of date when it ends: nobody asks it again."""

    def keeping(make: sessions.MakeSession) -> sessions.MakeSession:
        @contextmanager
        def make_session(read_only: bool = True) -> Iterator[Any]:
            with make(read_only=read_only) as session:
                session.expire_on_commit &= not read_only
                yield session

        return make_session

    sessions.change(keeping)


def load_tags_by_experiment() -> None:
    """The tags of experiments by the experiments' ids, as those of runs are: MLflow repeats the whole search to find them, in a query that is made anew each time."""
    from mlflow.store.tracking.dbmodels.models import SqlExperiment
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore._get_eager_experiment_query_options = staticmethod(lambda: [selectinload(SqlExperiment.tags)])


def dispose_engines() -> None:
    """Closes the connections of all engines, which processes cannot share."""
    for engine in objects_of(Engine):
        engine.dispose()


def objects_of(kind: type[T]) -> list[T]:
    """All of a kind. Nothing is frozen any longer: what is, as all that has been imported (lean.py), would not be among them."""
    gc.unfreeze()
    return [candidate for candidate in gc.get_objects() if isinstance(candidate, kind)]
