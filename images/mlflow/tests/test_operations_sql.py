import io
import sys
import tempfile
import unittest
from unittest.mock import patch

from told import told

from mlflow_aspire.databases import schemas
from mlflow_aspire.databases.schemas import Schema
from mlflow_aspire.errors import Failure, SettingError
from mlflow_aspire.operations import sql as module
from mlflow_aspire.operations.sql import read, sql

SETTINGS = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@db/mlflow"}


class SqlTest(unittest.TestCase):
    """In files, which have another statement for sessions that change nothing."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        found = [Schema(name, name.upper(), f"sqlite:///{folder}/{name}.db", "alembic_version", []) for name in ("tracking", "users")]
        self.enterContext(patch.object(schemas, "read", return_value=found))
        self.enterContext(patch.object(module, "_READ_ONLY", "PRAGMA query_only = ON"))

    def run_sql(self, statement: str | None, of_users: bool = False, write: bool = True, **variables: str) -> str:
        with told() as output:
            sql(read({**SETTINGS, **variables}, statement, of_users, write))
        return output.getvalue()

    def test_nothing_changes_unless_it_is_asked_for(self) -> None:
        self.run_sql("CREATE TABLE runs (id INTEGER)")
        for statement in ("INSERT INTO runs VALUES (1)", "DROP TABLE runs"):
            with self.subTest(statement), self.assertRaisesRegex(Failure, "^TRACKING: attempt to write a readonly database$"):
                self.run_sql(statement, write=False)
        self.assertEqual(self.run_sql("SELECT count(*) AS runs FROM runs", write=False), "runs\n0\n")

    def test_rows_are_csv(self) -> None:
        output = self.run_sql("SELECT 1 AS id, 'a, \"b\"' AS name, NULL AS note UNION ALL SELECT 2, '100 % :x', 'line\nbreak'")
        self.assertEqual(output, 'id,name,note\n1,"a, ""b""",\n2,100 % :x,"line\nbreak"\n')

    def test_changes_are_counted_and_stay(self) -> None:
        self.run_sql("CREATE TABLE runs (id INTEGER)")
        self.assertEqual(self.run_sql("INSERT INTO runs VALUES (1), (2)"), "mlflow-aspire: rows changed: 2\n")
        self.assertEqual(self.run_sql("SELECT count(*) AS runs FROM runs"), "runs\n2\n")

    def test_standard_input(self) -> None:
        with patch.object(sys, "stdin", io.StringIO("SELECT 7 AS x")):
            self.assertEqual(self.run_sql("-"), "x\n7\n")

    def test_the_variable(self) -> None:
        self.assertEqual(self.run_sql(None, MLFLOW_SQL_STATEMENT="SELECT 7\nAS x"), "x\n7\n")
        self.assertEqual(self.run_sql("SELECT 1 AS y", MLFLOW_SQL_STATEMENT="SELECT 7 AS x"), "y\n1\n")
        with self.assertRaisesRegex(SettingError, "^MLFLOW_SQL_STATEMENT is not set; it is the statement, where none is given as an argument$"):
            self.run_sql(None)

    def test_the_database_of_users(self) -> None:
        self.run_sql("CREATE TABLE here (id INTEGER)", of_users=True)
        self.assertEqual(self.run_sql("SELECT name FROM sqlite_master", of_users=True), "name\nhere\n")
        self.assertEqual(self.run_sql("SELECT name FROM sqlite_master"), "name\n")

    def test_an_error_does_not_repeat_the_statement(self) -> None:
        with self.assertRaisesRegex(Failure, "^TRACKING: no such table: missing$"):
            self.run_sql("SELECT 'private' FROM missing")

    def test_there_may_be_no_users(self) -> None:
        with patch.object(schemas, "read", return_value=schemas.read()[:1]), self.assertRaisesRegex(SettingError, "^MLFLOW_APP_NAME is not set"):
            read(SETTINGS, "SELECT 1", True, False)

    def test_the_statement_is_not_shown(self) -> None:
        self.assertNotIn("private", repr(read(SETTINGS, "SELECT 'private'", False, False)))
