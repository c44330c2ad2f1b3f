import tempfile
import unittest
from unittest.mock import patch

from sqlalchemy import create_engine, text
from told import told
from werkzeug.security import check_password_hash, generate_password_hash

from mlflow_aspire.databases import current, schemas
from mlflow_aspire.databases.schemas import Schema
from mlflow_aspire.errors import SettingError
from mlflow_aspire.operations import users as module

BASIC = "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, password_hash TEXT, is_admin BOOLEAN)"
OIDC = "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, is_admin BOOLEAN, is_service_account BOOLEAN, active BOOLEAN)"
PASSWORD = "a new p@ss:word %"
SETTINGS = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@db/mlflow", "MLFLOW_APP_NAME": "basic-auth", "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD}


class UsersTest(unittest.TestCase):
    """In a file: the statements are the same on every database."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        uri = f"sqlite:///{folder}/users.db"
        engine = create_engine(uri)
        self.addCleanup(engine.dispose)
        self.database = self.enterContext(engine.connect())
        found = [Schema(name, name, uri, "alembic_version", []) for name in ("tracking", "users")]
        self.enterContext(patch.object(schemas, "read", return_value=found))
        self.checked = self.enterContext(patch.object(current, "check"))

    def make(self, table: str, *rows: str) -> None:
        self.database.execute(text(table))
        for row in rows:
            self.database.execute(text(f"INSERT INTO users VALUES ({row})"))
        self.database.commit()

    def users(self) -> str:
        with told() as output:
            module.users(module.read(SETTINGS))
        return output.getvalue()

    def reset_admin(self, **settings: str) -> str:
        with told() as output:
            module.reset_admin(module.read_reset({**SETTINGS, **settings}))
        return output.getvalue()

    def test_a_line_for_each_user(self) -> None:
        self.make(BASIC, "1, 'bob', 'x', false", "2, 'admin', 'x', true")
        self.assertEqual(self.users(), "admin\tadministrator\nbob\n")
        self.checked.assert_called_once()

    def test_users_of_a_provider(self) -> None:
        self.make(OIDC, "1, 'demo', true, true, true", "2, 'eve', false, false, false")
        self.assertEqual(self.users(), "demo\tadministrator\tservice account\neve\tdeactivated\n")

    def test_a_name_that_looks_like_more(self) -> None:
        self.make(BASIC, "1, 'bob' || char(9) || 'administrator' || char(10) || 'eve' || char(27) || '[2K', 'x', false", "2, 'ü ö', 'x', false")
        self.assertEqual(self.users(), "bob\\tadministrator\\neve\\x1b[2K\nü ö\n")

    def test_the_administrator_gets_the_password_of_the_settings(self) -> None:
        self.make(BASIC, f"1, 'admin', '{generate_password_hash('forgotten')}', false", "2, 'bob', 'x', false")
        output = self.reset_admin()
        rows = {name: (hash, admin) for name, hash, admin in self.database.execute(text("SELECT username, password_hash, is_admin FROM users"))}
        self.assertTrue(check_password_hash(rows["admin"][0], PASSWORD))
        self.assertTrue(rows["admin"][1])
        self.assertEqual(rows["bob"], ("x", 0))
        self.assertIn("the administrator admin has the password of MLFLOW_AUTH_ADMIN_PASSWORD", output)
        self.assertNotIn(PASSWORD, output)

    def test_an_administrator_who_is_gone_is_made(self) -> None:
        self.make(BASIC, "1, 'bob', 'x', false")
        self.assertIn("the administrator root was made", self.reset_admin(MLFLOW_AUTH_ADMIN_USERNAME="root"))
        self.assertEqual(self.database.execute(text("SELECT username, is_admin FROM users ORDER BY id")).all(), [("bob", 0), ("root", 1)])

    def test_a_password_that_mlflow_would_not_take(self) -> None:
        with self.assertRaisesRegex(SettingError, "^MLFLOW_AUTH_ADMIN_PASSWORD is too short"):
            module.read_reset({**SETTINGS, "MLFLOW_AUTH_ADMIN_PASSWORD": "short"})

    def test_a_provider_knows_the_passwords(self) -> None:
        with self.assertRaisesRegex(SettingError, "^MLFLOW_APP_NAME is oidc-auth: the provider knows the passwords"):
            module.read_reset({**SETTINGS, "MLFLOW_APP_NAME": "oidc-auth"})

    def test_a_server_without_sign_in_has_none(self) -> None:
        with patch.object(schemas, "read", return_value=schemas.read()[:1]), self.assertRaisesRegex(SettingError, "^MLFLOW_APP_NAME is not set"):
            module.read(SETTINGS)
