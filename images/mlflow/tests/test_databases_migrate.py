import tempfile
import unittest
from dataclasses import replace
from unittest.mock import patch

import psycopg2
from sqlalchemy import create_engine, text

from mlflow_aspire.databases import BACKEND, BASIC_AUTH, OIDC_AUTH, Databases, current, revisions, schemas
from mlflow_aspire.databases.connection import connect, patience
from mlflow_aspire.databases.revisions import Revisions
from mlflow_aspire.errors import Failure, SettingError

TRACKING = Databases(tracking="postgresql+psycopg2://db/mlflow")
KNOWN = Revisions("mlflow 3.17.2", "c", ["c", "b", "a"], [])


class DecisionTest(unittest.TestCase):
    schema = schemas.tracking(TRACKING)

    def test_only_the_newest_revision_needs_nothing(self) -> None:
        self.assertFalse(schemas.migration_needed(self.schema, KNOWN, "c"))
        for revision in (None, "a", "b"):
            with self.subTest(revision):
                self.assertTrue(schemas.migration_needed(self.schema, KNOWN, revision))

    def test_a_newer_schema_is_left_alone(self) -> None:
        with self.assertRaisesRegex(Failure, f"^{BACKEND}: the tracking schema is at revision d, which mlflow 3.17.2 does not know"):
            schemas.migration_needed(self.schema, KNOWN, "d")

    def test_the_image_knows_its_packages(self) -> None:
        for name, package in {"tracking": "mlflow 3", "basic-auth": "mlflow 3", "oidc-auth": "mlflow-oidc-auth 1"}.items():
            with self.subTest(name):
                known = revisions.read(name)
                self.assertTrue(known.package.startswith(package), known.package)
                self.assertIn(known.head, known.known)
                self.assertEqual("users" in known.tables, name != "tracking")


class SchemasTest(unittest.TestCase):
    def test_one_for_each_database(self) -> None:
        both = replace(TRACKING, basic_users="postgresql+psycopg2://db/auth", oidc_users="postgresql+psycopg2://db/oidc")
        for app, uri in (("basic-auth", both.basic_users), ("oidc-auth", both.oidc_users)):
            with self.subTest(app):
                tracking, users = schemas.read({"MLFLOW_APP_NAME": app}, both)
                self.assertEqual((tracking.name, tracking.uri), ("tracking", TRACKING.tracking))
                self.assertEqual((users.name, users.uri), (app, uri))

    def test_users_of_a_sign_in_that_is_off_are_left_alone(self) -> None:
        self.assertEqual(len(schemas.read({}, replace(TRACKING, basic_users="postgresql+psycopg2://db/auth"))), 1)

    def test_the_database_must_be_named(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^{BACKEND} is not set"):
            schemas.read({}, Databases())
        with self.assertRaisesRegex(SettingError, f"^{OIDC_AUTH} is not set"):
            schemas.read({"MLFLOW_APP_NAME": "oidc-auth"}, TRACKING)
        with self.assertRaisesRegex(SettingError, f"^{BASIC_AUTH} is not set"):
            schemas.read({"MLFLOW_APP_NAME": "basic-auth"}, TRACKING)

    def test_two_schemas_do_not_share_a_version_table(self) -> None:
        shared, oidc = replace(TRACKING, oidc_users=TRACKING.tracking), {"MLFLOW_APP_NAME": "oidc-auth"}
        with self.assertRaisesRegex(SettingError, "^OIDC_ALEMBIC_VERSION_TABLE must name another table"):
            schemas.read(oidc, shared)
        self.assertEqual(schemas.read({**oidc, "OIDC_ALEMBIC_VERSION_TABLE": "alembic_version_oidc"}, shared)[1].version_table, "alembic_version_oidc")


class CurrentTest(unittest.TestCase):
    """In a file: what is asked is the same on every database."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        uri = f"sqlite:///{folder.name}/database.db"
        self.schema = replace(schemas.tracking(TRACKING), uri=uri)
        engine = create_engine(uri)
        self.addCleanup(engine.dispose)
        self.database = self.enterContext(engine.connect())
        self.enterContext(patch.object(revisions, "read", return_value=KNOWN))

    def at(self, revision: str) -> None:
        self.database.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        self.database.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        self.database.commit()

    def test_the_newest_revision_passes(self) -> None:
        self.at("c")
        current.check([self.schema], 0)

    def test_an_older_one_is_left_to_migrate(self) -> None:
        self.at("b")
        with self.assertRaisesRegex(Failure, f"^{BACKEND}: the tracking schema is at revision b, and mlflow 3.17.2 needs c: run `mlflow-aspire migrate` first$"):
            current.check([self.schema], 0)

    def test_so_is_an_empty_database(self) -> None:
        with self.assertRaisesRegex(Failure, f"^{BACKEND}: the tracking schema is not there, and mlflow 3.17.2 needs c"):
            current.check([self.schema], 0)

    def test_tables_of_another_kind(self) -> None:
        self.database.execute(text("CREATE TABLE users (id INTEGER)"))
        self.database.commit()
        schemas.check_own(self.schema, KNOWN, 0)
        with self.assertRaisesRegex(Failure, rf"^{BACKEND}: the database has tables that are not of the tracking schema \(users\)"):
            schemas.check_own(self.schema, replace(KNOWN, tables=["roles", "users"]), 0)


class ConnectTest(unittest.TestCase):
    def attempt(self, reason: str) -> str:
        with patch.object(psycopg2, "connect", side_effect=psycopg2.OperationalError(reason)), self.assertRaises(Failure) as caught:
            connect(BACKEND, "postgresql+psycopg2://me@db/mlflow", 0)
        return str(caught.exception)

    def test_what_passes_is_waited_for(self) -> None:
        for reason in (
            'could not translate host name "db" to address: Name or service not known',
            'connection to server at "db" (10.0.0.4), port 5432 failed: Connection refused\n\tIs the server running on that host?',
            'connection to server at "db" (10.0.0.4), port 5432 failed: FATAL:  the database system is starting up',
            'connection to server at "db" (10.0.0.4), port 5432 failed: timeout expired',
        ):
            with self.subTest(reason):
                self.assertRegex(self.attempt(reason), f"^{BACKEND}: the database did not answer within 0 s \\(MLFLOW_DATABASE_TIMEOUT_SECONDS\\): c")

    def test_it_is_waited_for_a_minute_by_default(self) -> None:
        self.assertEqual(patience({}), 60)

    def test_what_stays_is_told_at_once(self) -> None:
        for reason in (
            'connection to server at "db" (10.0.0.4), port 5432 failed: FATAL:  password authentication failed for user "me"',
            'connection to server at "db" (10.0.0.4), port 5432 failed: FATAL:  role "me" does not exist',
            'connection to server at "db" (10.0.0.4), port 5432 failed: FATAL:  database "mlflow" does not exist',
            'connection to server at "db" (10.0.0.4), port 5432 failed: server does not support SSL, but SSL was required',
        ):
            with self.subTest(reason):
                self.assertRegex(self.attempt(reason), f"^{BACKEND}: the database refuses the connection: connection to server")
