"""What a long command says while it works."""

import time

from ..log import say

_PAUSE_SECONDS = 5.0


class Progress:
    """Counts files and bytes, and says how far it is every few seconds."""

    def __init__(self, what: str, files: int, size: int) -> None:
        self._what = what
        self._total = f"{files:,} files and {readable(size)}"
        self._files = 0
        self._bytes = 0
        self._next = time.monotonic() + _PAUSE_SECONDS

    def file(self) -> None:
        self._files += 1
        self._say()

    def add(self, size: int) -> None:
        self._bytes += size
        self._say()

    def _say(self) -> None:
        if time.monotonic() >= self._next:
            say(f"{self._what}: {self._files:,} files and {readable(self._bytes)} of {self._total}")
            self._next = time.monotonic() + _PAUSE_SECONDS


class Counter:
    """Counts what comes, of nobody knows how much, and says how far it is every few seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._next = time.monotonic() + _PAUSE_SECONDS

    def add(self, count: int) -> None:
        self._count += count
        if time.monotonic() >= self._next:
            self._say()

    def end(self) -> None:
        self._say()

    def _say(self) -> None:
        say(f"{self._what}: {self._count:,}")
        self._next = time.monotonic() + _PAUSE_SECONDS


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
