"""What happens before the server listens."""

import unittest
from unittest import mock

from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import serve


class Checked(Exception):
    """The schemas have been asked for."""


class MigrationTest(unittest.TestCase):
    def calls(self, environment: dict[str, str]) -> list[str]:
        made: list[str] = []
        with (
            mock.patch.object(serve, "prepare", lambda settings: made.append("prepare") or []),
            mock.patch.object(serve, "migrate_settled", lambda settings: made.append("migrate")),
            mock.patch.object(serve.schemas, "configured", lambda settings: []),
            mock.patch.object(serve.current, "check", mock.Mock(side_effect=Checked)),
            self.assertRaises(Checked),
        ):
            serve.serve(environment)
        return made

    def test_a_server_leaves_the_schemas_alone(self) -> None:
        self.assertEqual(self.calls({}), ["prepare"])

    def test_it_migrates_before_the_schemas_are_checked_where_nothing_else_does(self) -> None:
        self.assertEqual(self.calls({"MLFLOW_SERVER_MIGRATE": "true"}), ["prepare", "migrate"])

    def test_another_value_is_refused(self) -> None:
        with mock.patch.object(serve, "prepare", lambda settings: []), self.assertRaisesRegex(SettingError, "MLFLOW_SERVER_MIGRATE"):
            serve.serve({"MLFLOW_SERVER_MIGRATE": "yes"})
