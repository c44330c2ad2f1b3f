"""Metrics of logged models that are no numbers, or infinite.

MLflow keeps 0 for NaN, so that a diverged loss is the best one, and the largest number for infinity. The column may be empty, which no comparison finds
and which sorts last, and it takes infinity.
"""

import math
from typing import Any

from mlflow.store.tracking.dbmodels.models import SqlLoggedModelMetric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Dialect, Float
from sqlalchemy.types import TypeDecorator

_LARGEST = 1.7976931348623157e308


class _NoNumber(float):
    """The 0 that MLflow keeps for NaN."""


class _Value(TypeDecorator[float]):
    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> float | None:
        if value is None or isinstance(value, _NoNumber) or math.isnan(value):
            return None
        return math.copysign(math.inf, value) if abs(value) == _LARGEST else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        return math.nan if value is None else value


def apply() -> None:
    """Changes the column and what is written to it."""
    sanitize = SqlAlchemyStore.sanitize_metric_value

    def sanitize_metric_value(self: SqlAlchemyStore, metric_value: float) -> tuple[bool, float]:
        is_nan, value = sanitize(self, metric_value)
        return is_nan, _NoNumber() if is_nan else value

    SqlAlchemyStore.sanitize_metric_value = sanitize_metric_value
    SqlLoggedModelMetric.__table__.c.metric_value.type = _Value()
