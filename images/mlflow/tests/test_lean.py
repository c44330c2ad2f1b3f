"""A server without the libraries that MLflow imports for models."""

import gc
import os
import subprocess
import sys
import unittest
from importlib import metadata
from typing import Any

import pandas
import programs

from mlflow_aspire import lean

# What a server imports before it listens, and what its calls may do afterwards.
_SERVER = """
import builtins, sys
plain = builtins.__import__
from mlflow_aspire import lean
lean.begin()
import mlflow.server, mlflow.server.jobs, mlflow.cli
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.server import fastapi_app
from mlflow_aspire import guard
from mlflow_aspire.server import app, prometheus, serve, start, telemetry
application = app.complete(fastapi_app.app, True, guard.read({}, True), prometheus.Prometheus(False), telemetry.Telemetry())
from mlflow.models import utils
assert not isinstance({}, utils.pd.DataFrame)
lean.end()
assert builtins.__import__ is plain
print(*sorted(sys.modules.keys() & {"pandas", "pyarrow", "scipy", "boto3", "gunicorn", "sklearn", "matplotlib"}))
"""

# MLflow imports them in functions as well, and as anything else does.
_CALLS = """
frame = utils.pd.DataFrame({"a": [1]})
import pandas.api.types
assert utils.pd.DataFrame is pandas.DataFrame and utils.pd.Series is pandas.Series and isinstance(frame, pandas.DataFrame)
import mlflow
from mlflow.types import utils as types
assert types._infer_schema(frame).to_dict() == [{"type": "long", "name": "a", "required": True}]
assert mlflow.data.from_pandas(frame, targets="a").profile == {"num_rows": 1, "num_elements": 1}
import mlflow.store.artifact.hdfs_artifact_repo as hdfs
assert not hasattr(hdfs, "HadoopFileSystem")
from mlflow_aspire.stores.proxied import ProxiedStore
store = get_artifact_repository("hdfs://host/")
import pyarrow.fs
assert hdfs.HadoopFileSystem is pyarrow.fs.HadoopFileSystem and store._kind is hdfs.HdfsArtifactRepository
"""

_STATEMENTS = """
import pandas
from pandas import DataFrame
def used():
    import pandas
    return pandas
"""


class LeanTest(unittest.TestCase):
    def run_program(self, program: str) -> str:
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_BACKEND_STORE_URI": "sqlite://"}
        result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()

    def test_a_server_starts_without_them_and_its_calls_get_them(self) -> None:
        self.assertEqual(self.run_program(_SERVER + _CALLS), "")

    def test_only_what_mlflows_modules_import_as_a_whole_is_put_off(self) -> None:
        for importer, put_off in (("mlflow.data", True), ("mlflow_aspire.x", False), ("plugin", False)):
            with self.subTest(importer):
                namespace: dict[str, Any] = {"__name__": importer}
                lean.begin()
                try:
                    exec(_STATEMENTS, namespace)
                    self.assertIs(namespace["used"](), pandas)
                finally:
                    lean.end()
                self.assertEqual(namespace["pandas"] is not pandas, put_off)
                self.assertIs(namespace["DataFrame"], pandas.DataFrame)
                self.assertIs(namespace["pandas"].DataFrame, pandas.DataFrame)

    def test_plugins_are_found_as_ever_and_garbage_waits_until_all_is_imported(self) -> None:
        groups = ("mlflow.app", "mlflow.request_auth_provider", "there is none")
        before = [list(metadata.entry_points(group=group)) for group in groups]
        lean.begin()
        try:
            self.assertFalse(gc.isenabled())
            self.assertEqual([list(metadata.entry_points(group=group)) for group in groups], before)
        finally:
            lean.end()
        self.addCleanup(gc.unfreeze)
        self.assertTrue(before[0] and before[1] and gc.isenabled() and gc.get_freeze_count())
        self.assertEqual([list(metadata.entry_points(group=group)) for group in groups], before)


if __name__ == "__main__":
    unittest.main()
