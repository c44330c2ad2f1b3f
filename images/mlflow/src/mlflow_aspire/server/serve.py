"""`mlflow-aspire serve`: is the MLflow server, once the databases are as it needs them."""

import os
from typing import NoReturn

from ..databases import current
from ..databases.migrate import migrate
from ..settings import export
from . import capacity, telemetry
from .serve_settings import ServeSettings


def serve(settings: ServeSettings) -> NoReturn:
    """Serves until the container is stopped.

    Raises:
        SettingError: the database has too few connections, or the place for backups is wrong.
        Failure: a database does not answer, has a schema of another version, or its migration fails.
    """
    # Of several servers one migrates, and the others wait for it.
    if settings.migration:
        migrate(settings.migration)
    # Only now: a migration takes the time that it needs, and waits for the one of another server.
    export(os.environ, [settings.statement_timeout])
    current.check(settings.schemas, settings.patience)
    capacity.check(settings.capacity, settings.schemas[0].uri, settings.patience)
    # MLflow reads settings while it is imported, and the instrumentations must be there before what they change.
    telemetry.instrument(settings.telemetry)

    from .mlflow_command import run

    run(settings)
