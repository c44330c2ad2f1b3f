"""`mlflow-aspire check`: whether databases and artifact store can be used, and what is in them."""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text

from .. import stores
from ..backup import opening, places
from ..backup.opening import Deployment
from ..backup.places import Backups
from ..backup.progress import readable
from ..databases import revisions, schemas
from ..databases.connection import connect
from ..databases.schemas import Schema
from ..errors import Failure
from ..settings import Environment, Part

_logger = logging.getLogger(__name__)

# The archives that are named; there may be many.
_LISTED = 10

# The tables of each schema whose rows are counted, and what they are called.
_COUNTED = {
    "tracking": {
        "experiments": "experiments",
        "runs": "runs",
        "logged_models": "logged models",
        "registered_models": "registered models",
        "model_versions": "model versions",
        "trace_info": "traces",
    },
    "basic-auth": {"users": "users"},
    "oidc-auth": {"users": "users"},
}


@dataclass(frozen=True)
class CheckSettings:
    deployment: Deployment
    backups: Backups

    @property
    def parts(self) -> Sequence[Part]:
        return self.deployment.parts


def read(environment: Environment) -> CheckSettings:
    """Reads the settings of the command.

    Raises:
        SettingError: one is missing or wrong.
    """
    return CheckSettings(opening.read(environment), places.read(environment))


def check(settings: CheckSettings) -> None:
    """Says what it finds, a line each.

    Raises:
        Failure: something cannot be used; the message has all of it.
    """
    deployment, backups = settings.deployment, settings.backups
    problems: list[str] = []
    for schema in deployment.schemas:
        try:
            _check_database(schema, deployment.patience)
        except Failure as failure:
            problems.append(str(failure))
    if deployment.store.destination is not None:
        try:
            _check_store(deployment.store.destination)
        except Failure as failure:
            problems.append(str(failure))
    if backups.place:
        try:
            backups.check(backups.place)
            _list_archives(backups.place)
        except Failure as failure:
            problems.append(str(failure))
    if problems:
        raise Failure("; ".join(problems))


def _check_database(schema: Schema, limit: int) -> None:
    known = revisions.read(schema.name)
    with closing(connect(schema.setting, schema.uri, limit)) as connection:
        version = str(connection.scalar(text("SELECT current_setting('server_version')"))).split()[0]
        size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
        _logger.info("%s: PostgreSQL %s, %s", schema.setting, version, readable(size))
        current = schemas.revision(schema, limit)
        if schemas.migration_needed(schema, known, current):
            there = f"is at revision {current}, and {known.package} needs {known.head}" if current else "is not there"
            raise Failure(f"{schema.setting}: the {schema.name} schema {there}: run `mlflow-aspire migrate`")
        _logger.info("%s schema: at revision %s of %s; %s", schema.name, current, known.package, ", ".join(_counts(connection, schema.name)))
        if connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
            raise Failure(f"{schema.setting}: the database takes no writes")


def _counts(connection: Connection, schema: str) -> list[str]:
    tables: Any = inspect(connection)
    return [f"{name}: {connection.scalar(text(f'SELECT count(*) FROM {table}')):,}" for table, name in _COUNTED[schema].items() if tables.has_table(table)]


def _list_archives(place: str) -> None:
    found = places.archives(place)
    _logger.info("%s: archives: %s%s", places.DESTINATION, f"{len(found):,}", ", the latest:" if found else "")
    for name, size in found[:_LISTED]:
        _logger.info("  %s, %s", name, readable(size))


def _check_store(destination: str) -> None:
    # MLflow reads settings while it is imported.
    from ..stores.opening import open_store
    from ..stores.probe import problem

    open_store(destination)
    if found := problem(destination):
        raise Failure(f"{stores.DESTINATION}: {found}")
    # The address may hold a password.
    _logger.info("%s: the artifact store answers (%s)", stores.DESTINATION, destination.partition("://")[0] if "://" in destination else "a folder")
