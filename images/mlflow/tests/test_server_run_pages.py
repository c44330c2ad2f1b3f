"""A page of runs that is no message is answered as MLflow answers it, in JSON and to GraphQL."""

import json
import unittest
from unittest import mock

from mlflow.entities import Metric, Run, RunData, RunInfo, RunInputs, RunOutputs, RunTag
from mlflow.protos.service_pb2 import SearchRuns
from mlflow.server import handlers
from mlflow.server.graphql.graphql_schema_extensions import schema
from mlflow.store.entities import PagedList
from mlflow.utils.proto_json_utils import message_to_json

from mlflow_aspire.server import run_pages
from mlflow_aspire.server.compact_json import CompactJson

QUERY = """query ($input: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $input) {
    runs { info { runId startTime } data { metrics { key value } tags { key value } } } nextPageToken apiError { message } } }"""


def run(number: int) -> Run:
    info = RunInfo(f"{number:032d}", "0", "user", "FINISHED", 1, None, "active", run_name=f"run {number}")
    return Run(info, RunData([Metric("m", float("nan") if number else 0.5, 1, 0)], [], [RunTag("t", "ü")]), RunInputs([]), RunOutputs([]))


class RunPagesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(mock.patch.object(handlers, "SearchRuns", SearchRuns))
        self.store = self.enterContext(mock.patch.object(handlers, "_get_tracking_store")).return_value
        self.write = CompactJson(message_to_json)

    def pages(self) -> list[PagedList]:
        return [PagedList([run(number) for number in range(count)], token) for count in (0, 1, 40) for token in (None, b"next")]

    def test_the_json_is_that_of_mlflow(self) -> None:
        for page in self.pages():
            with self.subTest(f"{len(page)} runs, {page.token}"):
                self.store.search_runs.return_value = page
                own = message_to_json(handlers.search_runs_impl(SearchRuns()), pretty=False)
                with mock.patch.object(handlers, "SearchRuns", SearchRuns):
                    run_pages.apply()
                    page_of_runs = handlers.search_runs_impl(handlers.SearchRuns())
                self.assertIsInstance(page_of_runs, run_pages.RunPage)
                with mock.patch.object(run_pages.RunPage, "message") as copied:
                    self.assertEqual(self.write(page_of_runs), own)
                copied.assert_not_called()
                self.assertEqual(json.loads(self.write(page_of_runs, pretty=True)), json.loads(own))

    def test_what_is_asked_is_a_message(self) -> None:
        run_pages.apply()
        self.assertIsInstance(handlers.SearchRuns(), SearchRuns)

    def test_graphql_gets_the_same(self) -> None:
        for page in self.pages():
            with self.subTest(f"{len(page)} runs, {page.token}"):
                self.store.search_runs.return_value = page
                variables = {"input": {"experimentIds": ["0"]}}
                own = schema.execute(QUERY, variables=variables)
                with mock.patch.object(handlers, "SearchRuns", SearchRuns):
                    run_pages.apply()
                    answer = schema.execute(QUERY, variables=variables)
                self.assertIsNone(own.errors)
                self.assertEqual((answer.data, answer.errors), (own.data, None))


if __name__ == "__main__":
    unittest.main()
