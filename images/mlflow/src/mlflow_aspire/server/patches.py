"""Small changes to MLflow, each of which a test holds against MLflow's own code."""

import gc
from functools import lru_cache
from types import SimpleNamespace
from typing import TypeVar

import anyio.to_thread
from sqlalchemy import Engine

T = TypeVar("T")


def apply() -> None:
    share_engines()
    use_request_threads()
    remember_orders()


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


def dispose_engines() -> None:
    """Closes the connections of all engines, which processes cannot share."""
    for engine in objects_of(Engine):
        engine.dispose()


def objects_of(kind: type[T]) -> list[T]:
    return [candidate for candidate in gc.get_objects() if isinstance(candidate, kind)]
