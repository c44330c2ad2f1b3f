"""The sizes of pools, and what they come to."""

import unittest
from contextlib import nullcontext
from unittest import mock

from mlflow_aspire.errors import SettingError
from mlflow_aspire.server import capacity
from mlflow_aspire.settings import export

BACKEND = "postgresql+psycopg2://db/mlflow"


class PoolTest(unittest.TestCase):
    def _settled(self, **environment: str) -> dict[str, str]:
        size = capacity.read(environment)
        export(environment, [size, capacity.read_pools(environment, size)])
        return environment

    def test_two_connections_for_each_thread_and_for_the_event_loop(self) -> None:
        settled = self._settled()
        self.assertEqual((settled["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"], settled["MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"]), ("16", "2"))
        self.assertEqual(settled["MLFLOW_WORKERS"], "1")
        self.assertEqual(self._settled(MLFLOW_SERVER_THREADS="20")["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"], "40")

    def test_the_plugin_of_openid_connect_has_a_pool_of_its_own(self) -> None:
        settled = self._settled(MLFLOW_APP_NAME="oidc-auth")
        self.assertEqual((settled["OIDC_DB_POOL_SIZE"], settled["OIDC_DB_POOL_MAX_OVERFLOW"]), ("9", "1"))

    def test_a_larger_pool_is_taken_and_a_smaller_one_refused(self) -> None:
        self.assertEqual(self._settled(MLFLOW_SQLALCHEMYSTORE_POOL_SIZE="30")["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"], "30")
        with self.assertRaisesRegex(SettingError, "are 5 and 2; accepted: 18 together or more, for 8 threads"):
            self._settled(MLFLOW_SQLALCHEMYSTORE_POOL_SIZE="5")


class ConnectionsTest(unittest.TestCase):
    def test_all_pools_of_all_workers_of_all_replicas(self) -> None:
        for environment, connections in (
            ({}, 16 + 2 + 1),
            ({"MLFLOW_WORKERS": "2"}, 2 * 19),
            ({"MLFLOW_WORKERS": "2", "MLFLOW_SERVER_REPLICAS": "3"}, 3 * 2 * 19),
            ({"MLFLOW_SERVER_THREADS": "4"}, 8 + 2 + 1),
            ({"MLFLOW_APP_NAME": "basic-auth"}, 18 + 9 + 2 + 1),
            ({"MLFLOW_APP_NAME": "oidc-auth", "MLFLOW_ENABLE_WORKSPACES": "true"}, 36 + 9 + 2 + 1),
        ):
            with self.subTest(environment):
                self.assertEqual(capacity.read(environment).connections, connections)

    def _check(self, usable: int, **environment: str) -> None:
        connection = mock.Mock()
        connection.scalar.return_value = usable
        with mock.patch.object(capacity, "connect", return_value=connection), mock.patch.object(capacity, "closing", nullcontext):
            capacity.check(capacity.read(environment), BACKEND, 0)

    def test_a_database_with_enough_connections(self) -> None:
        self._check(19)

    def test_a_database_with_too_few(self) -> None:
        problem = (
            r"^MLFLOW_WORKERS 2 with 8 threads each \(MLFLOW_SERVER_THREADS\) in 1 replicas \(MLFLOW_SERVER_REPLICAS\) may use 38 connections, "
            r"and the database has 35 \(max_connections\); accepted: fewer of them, or a larger database$"
        )
        with self.assertRaisesRegex(SettingError, problem):
            self._check(35, MLFLOW_WORKERS="2")


if __name__ == "__main__":
    unittest.main()
