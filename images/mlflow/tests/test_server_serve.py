"""What happens before the server listens."""

import unittest
from unittest import mock

from test_server_settings import SETTINGS

from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import serve, serve_settings


class Checked(Exception):
    """The schemas have been asked for."""


class MigrationTest(unittest.TestCase):
    def calls(self, **settings: str) -> list[str]:
        made: list[str] = []
        with (
            mock.patch.object(serve, "migrate", lambda migration: made.append(f"migrate {migration.schemas[0].name}")),
            mock.patch.object(serve.current, "check", mock.Mock(side_effect=Checked)),
            self.assertRaises(Checked),
        ):
            serve.serve(serve_settings.read({**SETTINGS, **settings}))
        return made

    def test_a_server_leaves_the_schemas_alone(self) -> None:
        self.assertEqual(self.calls(), [])

    def test_it_migrates_before_the_schemas_are_checked_where_nothing_else_does(self) -> None:
        self.assertEqual(self.calls(MLFLOW_SERVER_MIGRATE="true"), ["migrate tracking"])

    def test_another_value_is_refused(self) -> None:
        with self.assertRaisesRegex(SettingError, "MLFLOW_SERVER_MIGRATE"):
            serve_settings.read({**SETTINGS, "MLFLOW_SERVER_MIGRATE": "yes"})

    def test_settings_of_a_migration_are_those_of_a_server_that_migrates(self) -> None:
        role = {"MLFLOW_DATABASE_SERVER_ROLE": "x" * 64}
        self.assertEqual(self.calls(**role), [])
        with self.assertRaisesRegex(SettingError, "MLFLOW_DATABASE_SERVER_ROLE"):
            serve_settings.read({**SETTINGS, **role, "MLFLOW_SERVER_MIGRATE": "true"})
