"""The table that this image adds to those of MLflow. `migrate` reads it without MLflow, which takes seconds to import."""

from contextlib import closing

from sqlalchemy import BigInteger, Column, MetaData, String, Table, Text

from .connection import connect
from .schemas import Schema

DELETED_TRACES = Table(
    "mlflow_aspire_deleted_traces",
    MetaData(),
    Column("trace_id", String(50), primary_key=True),
    Column("location", Text, nullable=False),
    Column("deleted_at", BigInteger, nullable=False),
)


def make(schema: Schema, limit: int) -> None:
    """Makes the table where it is missing."""
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        DELETED_TRACES.create(connection, checkfirst=True)
