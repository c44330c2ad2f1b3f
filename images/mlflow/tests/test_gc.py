import unittest
from datetime import timedelta
from unittest.mock import patch

from mlflow_aspire.errors import Failure
from mlflow_aspire.gc import gc


class GcTest(unittest.TestCase):
    def test_a_store_that_is_down_is_found_out_before_anything_is_removed(self) -> None:
        environment = {
            "MLFLOW_BACKEND_STORE_URI": "postgresql://me@127.0.0.1:9/mlflow",
            "MLFLOW_ARTIFACTS_DESTINATION": "ftp://me@127.0.0.1:9/artifacts",
        }
        with patch("mlflow_aspire.stores.proxied._PATIENCE_SECONDS", 0), patch("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore") as store:
            with self.assertRaisesRegex(Failure, "^MLFLOW_ARTIFACTS_DESTINATION: the artifact store cannot be used: .*Connection refused"):
                gc(environment, timedelta(0))
        store.assert_not_called()
