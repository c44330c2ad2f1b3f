"""The widths of columns, against MLflow's own limits."""

import unittest

import mlflow.store.db.utils  # noqa: F401  all tables
from mlflow.environment_variables import MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH
from mlflow.store.db.base_sql_model import Base
from mlflow.utils import validation

from mlflow_aspire.databases.widths import WIDTHS


class WidthsTest(unittest.TestCase):
    def width(self, table: str, column: str) -> int:
        return Base.metadata.tables[table].columns[column].type.length

    def test_mlflow_has_not_mended_them(self) -> None:
        for (table, column), needed in WIDTHS.items():
            with self.subTest(f"{table}.{column}"):
                self.assertLess(self.width(table, column), needed)

    def test_they_hold_what_mlflow_lets_through(self) -> None:
        location = MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH.get()
        prompt = self.width("registered_models", "name") + len(f"/{2**31 - 1}")
        trace = self.width("trace_info", "request_id")
        for (table, column), needed in {
            ("entity_associations", "destination_id"): prompt,
            ("entity_associations", "source_id"): trace,
            ("evaluation_dataset_records", "source_id"): trace,
            ("experiments", "name"): validation.MAX_EXPERIMENT_NAME_LENGTH,
            ("experiments", "artifact_location"): location,
            ("runs", "artifact_uri"): location + len(f"/{'0' * 32}/artifacts"),
            ("logged_models", "artifact_location"): location + len(f"/models/m-{'0' * 32}/artifacts"),
            ("registered_model_tags", "value"): validation.MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH,
        }.items():
            with self.subTest(f"{table}.{column}"):
                self.assertGreaterEqual(WIDTHS[table, column], needed)

    def test_no_key_or_value_of_a_tag_or_parameter_is_narrower_than_its_limit(self) -> None:
        limits = {
            "MAX_ENTITY_KEY_LENGTH": (("params", "key"), ("tags", "key"), ("metrics", "key"), ("latest_metrics", "key")),
            "MAX_PARAM_VAL_LENGTH": (("params", "value"),),
            "MAX_TAG_VAL_LENGTH": (("tags", "value"),),
            "MAX_EXPERIMENT_TAG_KEY_LENGTH": (("experiment_tags", "key"),),
            "MAX_EXPERIMENT_TAG_VAL_LENGTH": (("experiment_tags", "value"),),
            "MAX_MODEL_REGISTRY_TAG_KEY_LENGTH": (("registered_model_tags", "key"), ("model_version_tags", "key")),
            "MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH": (("registered_model_tags", "value"), ("model_version_tags", "value")),
            "MAX_REGISTERED_MODEL_ALIAS_LENGTH": (("registered_model_aliases", "alias"),),
            "MAX_TRACE_TAG_KEY_LENGTH": (("trace_tags", "key"), ("trace_request_metadata", "key")),
            "MAX_TRACE_TAG_VAL_LENGTH": (("trace_tags", "value"), ("trace_request_metadata", "value")),
        }
        for limit, columns in limits.items():
            for table, column in columns:
                with self.subTest(f"{table}.{column}"):
                    # A text column has no width.
                    width = max(self.width(table, column) or 2**31, WIDTHS.get((table, column), 0))
                    self.assertGreaterEqual(width, getattr(validation, limit))


if __name__ == "__main__":
    unittest.main()
