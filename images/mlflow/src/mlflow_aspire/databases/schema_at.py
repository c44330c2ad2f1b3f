"""Bringing a schema to a revision within a transaction of the caller's.

MLflow's own commands go to the newest revision only, each in transactions of its own. A restore builds the schema that a backup was made from, loads the rows, goes on to
the newest revision, and keeps all of it or nothing.
"""

from importlib import import_module
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from . import revisions
from .schemas import Schema


def bring(connection: Connection, schema: Schema, revision: str) -> None:
    """Runs the migrations up to a revision that this image knows, on an empty database or one with an earlier revision of the schema."""
    config = Config()
    config.set_main_option("script_location", revisions.scripts_of(schema.name))
    scripts = ScriptDirectory.from_config(config)

    def steps(current: Any, context: Any) -> Any:
        return scripts._upgrade_revs(revision, current)

    with EnvironmentContext(config, scripts, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=connection, version_table=schema.version_table, render_as_batch=schema.name == "tracking")
        if schema.name == "tracking" and environment.get_context().get_current_revision() is None:
            # The first migration changes tables that MLflow makes without one.
            import_module("mlflow.store.tracking.dbmodels.initial_models").Base.metadata.create_all(connection)
        environment.run_migrations()
