"""Stores of MLflow that are compared: two of the same content, whose statements are noted and whose rows are read."""

import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any, ClassVar

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import event, text


class ComparedStores(unittest.TestCase):
    folder: ClassVar[Path]
    database: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.database = cls.folder / "migrated.db"
        store = SqlAlchemyStore(f"sqlite:///{cls.database}", "mlflow-artifacts:/")
        cls.fill(store)
        store.engine.dispose()

    @classmethod
    def fill(cls, store: SqlAlchemyStore) -> None:
        """Makes what all stores have from the beginning."""

    def store(self, name: str) -> tuple[SqlAlchemyStore, list[str]]:
        """A store that no other test has, and what it asks the database for from now on."""
        file = self.folder / f"{self.id()}-{name}.db"
        shutil.copy(self.database, file)
        store = SqlAlchemyStore(f"sqlite:///{file}", "mlflow-artifacts:/")
        self.addCleanup(store.engine.dispose)
        statements: list[str] = []
        event.listen(store.engine, "before_cursor_execute", lambda _, __, statement, parameters, *___: statements.extend([statement] * _count(parameters)))
        event.listen(store.engine, "checkout", lambda *_: statements.append("CONNECTION"))
        return store, statements


def rows(store: SqlAlchemyStore) -> dict[str, list[Any]]:
    """Those of every table."""
    with store.engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return {table: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{table}"')).all())) for table in tables}


def _count(parameters: Any) -> int:
    """What has a list of parameters is a statement for each of them to PostgreSQL."""
    return len(parameters) if isinstance(parameters, list) else 1
