"""How this package tells what it does: a line each on standard output, and on standard error what went wrong.

Modules tell it by loggers of their own names, which are below the one that is set up here.
"""

import logging
import sys
from typing import TextIO


def configure() -> None:
    """Sets up the loggers of this package, and no others."""
    lines = _Lines("stdout", logging.Formatter("mlflow-aspire: %(message)s"))
    lines.addFilter(lambda record: record.levelno < logging.ERROR)
    errors = _Lines("stderr", _OneLine("mlflow-aspire: error: %(message)s"))
    errors.setLevel(logging.ERROR)
    logger = logging.getLogger(__package__)
    logger.handlers = [lines, errors]
    logger.setLevel(logging.INFO)
    # What a library sets up for all loggers would tell each line once more.
    logger.propagate = False


class _Lines(logging.StreamHandler[TextIO]):
    """Writes to a stream of `sys` as it is at that moment: a backup to standard output puts another in its place."""

    def __init__(self, output: str, formatter: logging.Formatter) -> None:
        super().__init__()
        self._output = output
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = getattr(sys, self._output)
        super().emit(record)


class _OneLine(logging.Formatter):
    """Some libraries put several lines into a message."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split())
