"""The rows of a schema, out of a database and into one.

PostgreSQL's COPY does it: its text is the same in all versions, while a `pg_dump` must be as new as the server, and it takes the connections of this image, those that sign
in with Microsoft Entra too. The tables themselves are in no archive: MLflow's migrations make them, for every revision that the image knows.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ..databases import revisions, schema_at, tables, widths
from ..databases.schemas import Schema
from .archive import Archive, ArchiveWriter
from .manifest import SchemaRows, Table

_logger = logging.getLogger(__name__)

# COPY goes past SQLAlchemy.
ERRORS = (SQLAlchemyError, psycopg2.Error)

_COLUMNS = text(
    "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)"
    " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' ORDER BY c.table_name, c.ordinal_position"
)
_SEQUENCES = text(
    "SELECT t.relname, a.attname, s.last_value FROM pg_sequences s"
    " JOIN pg_class q ON q.relname = s.sequencename AND q.relnamespace = current_schema()::regnamespace AND q.relkind = 'S'"
    " JOIN pg_depend d ON d.objid = q.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0"
    " JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid"
    " WHERE s.schemaname = current_schema() AND s.last_value IS NOT NULL"
)
_FOREIGN_KEYS = text(
    "SELECT t.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
    " WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND t.relname = ANY(:tables)"
)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """All that is read within is as it was at the beginning, while others go on writing."""
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with connection.begin():
        # The first statement takes the snapshot.
        connection.execute(text("SELECT 1"))
        yield


def tables_of(schema: Schema, configured: Collection[Schema], existing: Collection[str]) -> set[str]:
    """The tables of a schema, which may share its database with another one."""
    sharing = [other for other in configured if other.uri == schema.uri]
    if len(sharing) == 1:
        return set(existing)
    users = {table for other in sharing if other.name != "tracking" for table in (*revisions.read(other.name).tables, other.version_table)}
    return {table for table in existing if (table in users) == (schema.name != "tracking")}


def existing_columns(connection: Connection) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(_COLUMNS):
        columns.setdefault(table, []).append(column)
    return columns


def save(connection: Connection, schema: Schema, configured: Collection[Schema], content: SchemaRows, archive: ArchiveWriter) -> None:
    """Writes the rows of a schema, within a snapshot."""
    columns = existing_columns(connection)
    sequences: dict[str, dict[str, int]] = {}
    for table, column, last in connection.execute(_SEQUENCES):
        sequences.setdefault(table, {})[column] = last
    cursor = connection.connection.cursor()
    cursor.execute("SET LOCAL client_encoding = 'UTF8'")
    for table in sorted(tables_of(schema, configured, columns) - {schema.version_table}):
        with archive.member(member(schema.name, table), compress=True) as file:
            cursor.copy_expert(f"COPY {_copied(table, columns[table])} TO STDOUT", file)
        content.tables[table] = Table(columns[table], cursor.rowcount, sequences.get(table, {}))
    _logger.info("%s schema: %s rows of %s tables", schema.name, f"{content.rows:,}", len(content.tables))


def load(connection: Connection, schema: Schema, configured: Collection[Schema], content: SchemaRows, archive: Archive) -> None:
    """Replaces the tables of a schema by those of an archive and brings them to the revision of this image, within a transaction of the caller's."""
    known = revisions.read(schema.name)
    existing = tables_of(schema, configured, existing_columns(connection))
    made: set[str] = set()
    if existing:
        # What is in the database beside MLflow's tables stays. Which those are, the migrations tell.
        with connection.begin_nested() as trial:
            _drop(connection, existing)
            _build(connection, schema, known.head)
            made = set(existing_columns(connection))
            trial.rollback()
        _drop(connection, existing & made)
    _build(connection, schema, content.revision)
    there = existing_columns(connection)
    keys = connection.execute(_FOREIGN_KEYS, {"tables": sorted(content.tables)}).all()
    # Tables refer to each other, so that no order of loading them would do; all keys are checked when they come back.
    for table, key, _ in keys:
        connection.execute(text(f"ALTER TABLE {_quoted(table)} DROP CONSTRAINT {_quoted(key)}"))
    cursor = connection.connection.cursor()
    cursor.execute("SET LOCAL client_encoding = 'UTF8'")
    foreign = existing - made
    for name, table in content.tables.items():
        if name not in there or name in foreign or name == schema.version_table:
            _logger.info("%s schema: the table %s is left out, as it is not MLflow's", schema.name, name)
            continue
        # A migration may have put rows into it.
        cursor.execute(f"DELETE FROM {_quoted(name)}")
        with archive.open(member(schema.name, name)) as file:
            cursor.copy_expert(f"COPY {_copied(name, table.columns)} FROM STDIN", file, size=2**20)
        for column, last in table.sequences.items():
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", (_quoted(name), column, last))
    for table, key, definition in keys:
        connection.execute(text(f"ALTER TABLE {_quoted(table)} ADD CONSTRAINT {_quoted(key)} {definition}"))
    _build(connection, schema, known.head)
    _logger.info("%s schema: %s rows of %s tables", schema.name, f"{content.rows:,}", len(content.tables))


def _build(connection: Connection, schema: Schema, revision: str) -> None:
    schema_at.bring(connection, schema, revision)
    if schema.name == "tracking":
        widths.widen(connection, schema.name)
        tables.DELETED_TRACES.create(connection, checkfirst=True)


def _drop(connection: Connection, names: Collection[str]) -> None:
    # In one statement, as they refer to each other.
    connection.execute(text(f"DROP TABLE {', '.join(_quoted(table) for table in sorted(names))}"))


def reason(error: Exception) -> object:
    """What the database says, without the statement, which may hold what is no matter of logs."""
    return getattr(error, "orig", None) or error


def member(schema: str, table: str) -> str:
    return f"{schema}/{table}"


def _copied(table: str, columns: list[str]) -> str:
    return f"{_quoted(table)} ({', '.join(map(_quoted, columns))})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
