"""Inserts by which the database finds out what is there already, instead of being asked before.

What returns something is one statement with all rows, and one for each row otherwise.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

# Databases that can. All others are left to MLflow.
INSERT: Mapping[str, Callable[..., Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@cache
def insert_new(table: Table, dialect: str, returned: tuple[str, ...]) -> Any:
    """Inserts the rows that are not there, and returns these columns of them."""
    return INSERT[dialect](table).on_conflict_do_nothing().returning(*(table.c[name] for name in returned))


@cache
def upsert(table: Table, dialect: str, key: tuple[str, ...], columns: tuple[str, ...], changes: Callable[[Any, Any], Any] | None = None) -> Any:
    """Inserts rows, and sets the columns of those that are there: all, or those that `changes` tells by the columns of the new row and the old one."""
    statement = INSERT[dialect](table)
    new, old = statement.excluded, table.c
    where = changes(new, old) if changes else None
    return statement.on_conflict_do_update(index_elements=key, set_={name: new[name] for name in columns}, where=where).returning(old[key[0]])
