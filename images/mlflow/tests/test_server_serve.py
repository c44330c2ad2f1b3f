"""What happens before the server listens."""

import os
import unittest
from unittest import mock

from test_server_settings import SETTINGS

from mlflow_aspire.databases.migrate import Migration
from mlflow_aspire.databases.schemas import Schema
from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import serve, serve_settings


class Checked(Exception):
    """The schemas have been asked for."""


class MigrationTest(unittest.TestCase):
    def calls(self, **settings: str) -> list[tuple[str, str | None]]:
        """What is called with which options of libpq, in its order."""
        made: list[tuple[str, str | None]] = []

        def migrate(migration: Migration) -> None:
            made.append((f"migrate {migration.schemas[0].name}", os.environ.get("PGOPTIONS")))

        def check(schemas: list[Schema], limit: int) -> None:
            made.append((f"check {schemas[0].name}", os.environ.get("PGOPTIONS")))
            raise Checked

        with (
            mock.patch.dict(os.environ),
            mock.patch.object(serve, "migrate", migrate),
            mock.patch.object(serve.current, "check", check),
            self.assertRaises(Checked),
        ):
            os.environ.pop("PGOPTIONS", None)
            serve.serve(serve_settings.read({**SETTINGS, **settings}))
        return made

    def test_a_server_leaves_the_schemas_alone(self) -> None:
        self.assertEqual(self.calls(), [("check tracking", "-c statement_timeout=30000")])

    def test_it_migrates_before_the_schemas_are_checked_where_nothing_else_does_and_takes_its_time(self) -> None:
        self.assertEqual(self.calls(MLFLOW_SERVER_MIGRATE="true"), [("migrate tracking", None), ("check tracking", "-c statement_timeout=30000")])

    def test_another_value_is_refused(self) -> None:
        with self.assertRaisesRegex(SettingError, "MLFLOW_SERVER_MIGRATE"):
            serve_settings.read({**SETTINGS, "MLFLOW_SERVER_MIGRATE": "yes"})

    def test_settings_of_a_migration_are_those_of_a_server_that_migrates(self) -> None:
        role = {"MLFLOW_DATABASE_SERVER_ROLE": "x" * 64}
        self.assertEqual([name for name, _ in self.calls(**role)], ["check tracking"])
        with self.assertRaisesRegex(SettingError, "MLFLOW_DATABASE_SERVER_ROLE"):
            serve_settings.read({**SETTINGS, **role, "MLFLOW_SERVER_MIGRATE": "true"})
