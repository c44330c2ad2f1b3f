"""Columns of MLflow's that are narrower than what MLflow itself lets through or puts together. SQLite, which its tests run on, does not look at the width."""

import logging

from sqlalchemy import Connection, text

_logger = logging.getLogger(__name__)

_TRACE_ID = 50
_ARTIFACT_LOCATION = 2048
# …/<run id>/artifacts or …/models/<model id>/artifacts
_ARTIFACT_FOLDER = _ARTIFACT_LOCATION + 52

# The table and column, and the width that MLflow needs.
WIDTHS = {
    # A prompt's name and version, <name>/<version>.
    ("entity_associations", "destination_id"): 300,
    ("entity_associations", "source_id"): _TRACE_ID,
    ("evaluation_dataset_records", "source_id"): _TRACE_ID,
    ("experiments", "name"): 500,
    ("experiments", "artifact_location"): _ARTIFACT_LOCATION,
    ("runs", "artifact_uri"): _ARTIFACT_FOLDER,
    ("logged_models", "artifact_location"): _ARTIFACT_FOLDER,
    ("registered_model_tags", "value"): 100_000,
}


def widen(connection: Connection, schema: str) -> None:
    """Widens the columns that are too narrow; one that is wide enough stays as it is. PostgreSQL changes only its catalogue, whatever the table holds."""
    columns = connection.execute(
        text(
            "SELECT table_name, column_name, character_maximum_length FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND character_maximum_length IS NOT NULL"
        )
    ).all()
    for table, column, width in sorted(columns):
        needed = WIDTHS.get((table, column), 0)
        if width < needed:
            connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({needed})"))
            _logger.info("%s schema: widened %s.%s from %s to %s characters", schema, table, column, width, needed)
