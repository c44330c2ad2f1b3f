"""What a long command says while it works."""

import logging
import time

_logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 5.0


class _Pause:
    """When there is something to say again."""

    def __init__(self) -> None:
        self._begin()

    def is_over(self) -> bool:
        if time.monotonic() < self._end:
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        self._end = time.monotonic() + _PAUSE_SECONDS


class Progress:
    """Counts files and bytes, and says how far it is every few seconds."""

    def __init__(self, what: str, files: int, size: int) -> None:
        self._what = what
        self._total = f"{files:,} files and {readable(size)}"
        self._files = 0
        self._bytes = 0
        self._pause = _Pause()

    def file(self) -> None:
        self._files += 1
        self._say()

    def add(self, size: int) -> None:
        self._bytes += size
        self._say()

    def _say(self) -> None:
        if self._pause.is_over():
            _logger.info("%s: %s files and %s of %s", self._what, f"{self._files:,}", readable(self._bytes), self._total)


class Counter:
    """Counts what comes, of nobody knows how much, and says how far it is every few seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._pause = _Pause()

    def add(self, count: int) -> None:
        self._count += count
        if self._pause.is_over():
            self.end()

    def end(self) -> None:
        _logger.info("%s: %s", self._what, f"{self._count:,}")


def readable(size: int) -> str:
    """A size in bytes as people read it."""
    if size < 1000:
        return f"{size} bytes"
    number = size / 1000
    units = ["TB", "GB", "MB", "kB"]
    while number >= 999.95 and len(units) > 1:
        number /= 1000
        units.pop()
    return f"{number:.1f} {units[-1]}"
