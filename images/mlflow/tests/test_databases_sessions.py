import sys
import unittest
from types import SimpleNamespace
from unittest import mock

from mlflow.store.db import utils

from mlflow_aspire.databases import sessions


class SessionsTest(unittest.TestCase):
    def test_each_change_counts_wherever_sessions_are_made(self) -> None:
        importer = SimpleNamespace(_get_managed_session_maker=lambda session_maker, db_type: "made")
        with mock.patch.object(utils, "_get_managed_session_maker", importer._get_managed_session_maker), mock.patch.dict(sys.modules, importer=importer):
            sessions.change(lambda make: f"{make}, changed")
            sessions.change(lambda make: f"{make}, changed again")
            for module in (utils, importer):
                self.assertEqual(module._get_managed_session_maker("maker", "postgresql"), "made, changed, changed again")


if __name__ == "__main__":
    unittest.main()
