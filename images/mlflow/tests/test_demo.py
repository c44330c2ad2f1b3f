import re
import unittest
from pathlib import Path

import mlflow

from mlflow_aspire.demo import with_link


class LinkTest(unittest.TestCase):
    def test_it_leads_to_the_traces_from_the_users_browser(self) -> None:
        for browser in ("http://localhost:5000", "http://localhost:5000/"):
            line = with_link("View the demo at: http://mlflow.dev.internal:5000/#/experiments/7/overview\n", browser)
            self.assertEqual(line, "View the demo at: http://localhost:5000/#/experiments/7/traces\n")
        self.assertEqual(with_link("an overview of all\n", "http://localhost"), "an overview of all\n")

    def test_mlflows_page_is_still_missing(self) -> None:
        # When this fails, see which page MLflow links to now.
        source = (Path(mlflow.__file__).parent / "cli" / "demo.py").read_text()
        self.assertEqual(re.findall(r"/#/experiments/\{experiment.experiment_id\}/(\w+)", source), ["overview", "overview"])
