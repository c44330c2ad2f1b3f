"""The rows that are read over an API, on their way into a database of this version."""

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]


def insert(database: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Writes rows; one that is there already stays, as a server that is in use may tell it on two pages."""
    for columns, alike in groupby(rows, key=lambda row: tuple(row)):
        names = ", ".join(f'"{column}"' for column in columns)
        values = ", ".join(f":{column}" for column in columns)
        database.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({values}) ON CONFLICT DO NOTHING', alike)


def number(value: Any) -> int | None:
    """A whole number, which JSON may have as text."""
    return None if value is None else int(value)


def pairs(entries: Iterable[Row] | None) -> list[tuple[str, str]]:
    """Keys and values of tags and the like; an empty value is left out by some servers."""
    return [(entry["key"], entry.get("value", "")) for entry in entries or ()]
