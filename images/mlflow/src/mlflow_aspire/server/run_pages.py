"""A page of runs whose runs stay messages of their own.

MLflow copies them into one message in a single call, during which no other thread runs.
"""

from typing import Any

from mlflow.protos.service_pb2 import Run, SearchRuns
from mlflow.server import handlers


class RunPage:
    """In the place of a `SearchRuns.Response`: `rest` is all of it but its runs."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.rest = SearchRuns.Response()

    @property
    def next_page_token(self) -> str:
        return self.rest.next_page_token

    @next_page_token.setter
    def next_page_token(self, token: str | bytes) -> None:
        self.rest.next_page_token = token

    def message(self) -> Any:
        message = SearchRuns.Response(runs=self.runs)
        message.MergeFrom(self.rest)
        return message


class _SearchRuns:
    """In the place of `SearchRuns`, whose own instances stay what is asked."""

    Response = RunPage

    def __new__(cls) -> SearchRuns:
        return SearchRuns()


def apply() -> None:
    handlers.SearchRuns = _SearchRuns
