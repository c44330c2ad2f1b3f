"""What the package tells, and where."""

import io
import logging
import os
import unittest
from contextlib import redirect_stderr

import programs
from told import told

# What sets up loggers beside it in a process of this image: MLflow, migrations, servers and their workers.
_BESIDE_OTHERS = """
import logging.config, os
from pathlib import Path
import mlflow_oidc_auth.db, uvicorn
from gunicorn.config import Config
from gunicorn.glogging import Logger
from mlflow.utils.logging_utils import _configure_mlflow_loggers
from mlflow_aspire import log
log.configure()
_configure_mlflow_loggers("mlflow")
logging.config.fileConfig(Path(mlflow_oidc_auth.db.__path__[0], "migrations/alembic.ini"), disable_existing_loggers=False)
uvicorn.Config(None)
Logger(Config())
logger = logging.getLogger("mlflow_aspire.databases.migrate")
worker = os.fork()
if worker:
    os.waitpid(worker, 0)
logger.info("told by the %s", "server" if worker else "worker")
logger.error("the %s failed", "server" if worker else "worker")
if not worker:
    os._exit(0)
"""


class LogTest(unittest.TestCase):
    def setUp(self) -> None:
        self.logger = logging.getLogger("mlflow_aspire.of.a.module")

    def test_lines_are_told_as_they_are(self) -> None:
        with told() as output:
            self.logger.info("  %s, 12 bytes", "100 %s.zip")
            self.logger.info("50 % of it")
            self.logger.warning("the store is slow")
            self.logger.debug("of no interest")
        self.assertEqual(output.getvalue(), "mlflow-aspire:   100 %s.zip, 12 bytes\nmlflow-aspire: 50 % of it\nmlflow-aspire: the store is slow\n")

    def test_an_error_is_one_line(self) -> None:
        with told() as output, redirect_stderr(io.StringIO()) as errors:
            self.logger.error("%s", "it failed at 50 %:\n\tno room,\n  nor time\n")
        self.assertEqual((output.getvalue(), errors.getvalue()), ("", "mlflow-aspire: error: it failed at 50 %: no room, nor time\n"))

    def test_each_line_is_told_once_beside_the_loggers_of_others(self) -> None:
        result = programs.run(_BESIDE_OTHERS, os.environ, "/tmp")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "mlflow-aspire: told by the worker\nmlflow-aspire: told by the server\n")
        told_errors = [line for line in result.stderr.splitlines() if "failed" in line]
        self.assertEqual(told_errors, ["mlflow-aspire: error: the worker failed", "mlflow-aspire: error: the server failed"])


if __name__ == "__main__":
    unittest.main()
