"""The changes to MLflow: that they do what they say, and that MLflow is still what they change."""

import inspect
import json
import re
import unittest
from unittest import mock

import anyio
import anyio.to_thread
from mlflow.entities import ExperimentTag, Metric, Param, Run, RunData, RunInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.service_pb2 import GetRun
from mlflow.server import handlers, otel_api
from mlflow.store.db import utils
from mlflow.store.jobs.sqlalchemy_store import SqlAlchemyJobStore
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as ModelRegistryStore
from mlflow.store.tracking import abstract_store
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
from mlflow.utils import proto_json_utils
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import sessionmaker

from mlflow_aspire import lean
from mlflow_aspire.server import patches


class PatchesTest(unittest.TestCase):
    def test_stores_of_one_database_have_one_engine(self) -> None:
        for store in (TrackingStore, ModelRegistryStore, SqlAlchemyJobStore):
            self.assertIn("cls._engine_map[db_uri]", inspect.getsource(store._get_or_create_engine))
        patches.share_engines()
        engines = {id(store._get_or_create_engine("sqlite://")) for store in (TrackingStore, ModelRegistryStore, SqlAlchemyJobStore)}
        self.assertEqual(len(engines), 1)

    def test_spans_are_stored_in_the_threads_of_requests(self) -> None:
        for module in (otel_api, abstract_store):
            with self.subTest(module.__name__):
                self.assertEqual(set(re.findall(r"asyncio\.(\w+)", inspect.getsource(module))), {"to_thread"})
        patches.use_request_threads()

        async def log() -> tuple[int, float]:
            tokens = anyio.to_thread.current_default_thread_limiter()
            store = mock.Mock(log_spans=lambda location, spans: tokens.borrowed_tokens)
            return await abstract_store.AbstractStore.log_spans_async(store, "0", []), tokens.borrowed_tokens

        self.assertEqual(anyio.run(log), (1, 0))

    def test_orders_are_parsed_as_before(self) -> None:
        orders = ["creation_time DESC", "experiment_id ASC", "name", "last_update_time desc"]
        before = [SearchExperimentsUtils.parse_order_by_for_search_experiments(order) for order in orders]
        patches.remember_orders()
        for _ in range(2):
            self.assertEqual([SearchExperimentsUtils.parse_order_by_for_search_experiments(order) for order in orders], before)
            self.assertEqual(SearchUtils.parse_order_by_for_search_runs("metrics.`a b` DESC"), ("metric", "a b", False))
            with self.assertRaises(MlflowException):
                SearchExperimentsUtils.parse_order_by_for_search_experiments("creation_time SIDEWAYS")

    def test_answers_are_as_before_without_indentation(self) -> None:
        run = Run(RunInfo("r", "0", "u", "FINISHED", 1, 2**60, "active"), RunData([Metric("m", float("nan"), 1, -1), Metric("n", 1e300, 2, 0)], [Param("p", "\u00fc\n")], []))
        answer = GetRun.Response(run=run.to_proto())
        before = handlers.message_to_json(answer)
        with mock.patch.object(handlers, "message_to_json"):
            handlers.message_to_json = proto_json_utils.message_to_json
            patches.answer_compactly()
            after = handlers.message_to_json(answer)
        self.assertNotRegex(after, r"\s\s")
        self.assertEqual(after, json.dumps(json.loads(before), separators=(",", ":")))

    def test_what_a_session_has_read_stays_after_it(self) -> None:
        with mock.patch.object(utils, "_get_managed_session_maker", utils._get_managed_session_maker):
            patches.keep_what_was_read()
            make = utils._get_managed_session_maker(sessionmaker(create_engine("sqlite://")), "sqlite")
        for read_only in (True, False):
            with self.subTest(read_only=read_only), make(read_only=read_only) as session:
                self.assertEqual(session.expire_on_commit, not read_only)

    def test_experiments_have_their_tags_as_before(self) -> None:
        options = TrackingStore._get_eager_experiment_query_options
        self.assertEqual(re.findall(r"(\w+load)\((\S+)\)", inspect.getsource(options)), [("subqueryload", "SqlExperiment.tags")])
        with mock.patch.object(TrackingStore, "_get_eager_experiment_query_options", staticmethod(options)):
            store = TrackingStore("sqlite://", "mlflow-artifacts:/")
            for number in range(5):
                store.create_experiment(str(number), tags=[ExperimentTag(str(tag), f"{number}") for tag in range(number)])
            before = [dict(experiment) for experiment in store.search_experiments(max_results=4)]
            patches.load_tags_by_experiment()
            self.assertEqual([dict(experiment) for experiment in store.search_experiments(max_results=4)], before)
            self.assertEqual([len(experiment["tags"]) for experiment in before], [4, 3, 2, 1])

    def test_processes_share_no_connection_of_an_engine_that_was_made_while_mlflow_was_imported(self) -> None:
        lean.begin()
        engine = create_engine("sqlite://")
        lean.end()
        with mock.patch.object(Engine, "dispose", autospec=True) as dispose:
            patches.dispose_engines()
        self.assertIn(mock.call(engine), dispose.mock_calls)


if __name__ == "__main__":
    unittest.main()
