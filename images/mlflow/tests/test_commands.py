"""What each command reads of the environment: what it needs, and nothing else."""

import unittest
from collections.abc import Callable
from functools import partial

from test_server_settings import SETTINGS

from mlflow_aspire import demo, keys
from mlflow_aspire.backup import restore, save
from mlflow_aspire.databases import hand_over, migrate
from mlflow_aspire.errors import SettingError
from mlflow_aspire.gc import command as gc
from mlflow_aspire.importing import command as importing
from mlflow_aspire.operations import check, sql, users
from mlflow_aspire.server import serve_settings
from mlflow_aspire.settings import Environment, Settings

# What is needed by any of them, with secrets where there may be some.
RIGHT = {
    **SETTINGS,
    "MLFLOW_ARTIFACTS_DESTINATION": "ftp://me:store-secret@host/artifacts",
    "AWS_SHARED_CREDENTIALS_FILE_CONTENT": "credentials-secret",
    "MLFLOW_APP_NAME": "basic-auth",
    "MLFLOW_AUTH_DATABASE_URI": "postgresql://db/users",
    "MLFLOW_AUTH_ADMIN_PASSWORD": "administrator-secret",
    "MLFLOW_BACKUP_DESTINATION": "/backups",
    "MLFLOW_IMPORT_SOURCE": "https://me:source-secret@host",
    "MLFLOW_SQL_STATEMENT": "SELECT 'statement-secret'",
    "MLFLOW_TRACKING_URI": "https://me:tracking-secret@host",
}

APP = "MLFLOW_APP_NAME"
KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
STORE = "MLFLOW_ARTIFACTS_DESTINATION"
PATIENCE = "MLFLOW_DATABASE_TIMEOUT_SECONDS"
ROLE = "MLFLOW_DATABASE_SERVER_ROLE"
STATEMENT = "MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"
THREADS = "MLFLOW_SERVER_THREADS"
TELEMETRY = "MLFLOW_OPENTELEMETRY"
PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"
BACKUPS = "MLFLOW_BACKUP_DESTINATION"
RESTORE = "MLFLOW_RESTORE_REPLACE"
IMPORT = "MLFLOW_IMPORT_REPLACE"

WRONG = {
    APP: "oauth",
    KEY: "short",
    STORE: "nowhere",
    PATIENCE: "1m",
    ROLE: "x" * 64,
    STATEMENT: "1m",
    THREADS: "0",
    TELEMETRY: "maybe",
    PASSWORD: "short",
    BACKUPS: "s3://bucket",
    RESTORE: "maybe",
    IMPORT: "maybe",
}

# How a command's settings are read, and which of the wrong ones it tells of.
COMMANDS: dict[str, tuple[Callable[[Environment], Settings], set[str]]] = {
    "serve": (serve_settings.read, {APP, KEY, STORE, PATIENCE, STATEMENT, THREADS, TELEMETRY, PASSWORD}),
    # A migration that has nothing to do saves nothing.
    "migrate": (migrate.read, {APP, KEY, PATIENCE, ROLE}),
    "hand-over": (hand_over.read, {APP, PATIENCE}),
    "gc": (gc.read, {KEY, STORE, PATIENCE}),
    "demo": (demo.read, {APP, KEY}),
    "backup": (partial(save.read, target=None, with_artifacts=True), {APP, KEY, STORE, PATIENCE, BACKUPS}),
    "restore": (partial(restore.read, source="/a.zip", replace=False), {APP, KEY, STORE, PATIENCE, RESTORE}),
    "import": (partial(importing.read, origin=None, artifacts=None, root=None, replace=False, deleted=False), {APP, KEY, STORE, PATIENCE, IMPORT}),
    "check": (check.read, {APP, KEY, STORE, PATIENCE}),
    "users": (users.read, {APP, PATIENCE}),
    "reset-admin": (users.read_reset, {APP, PATIENCE, PASSWORD}),
    "sql": (partial(sql.read, statement=None, of_users=False, write=False), {APP, PATIENCE}),
}


class CommandsTest(unittest.TestCase):
    def test_a_wrong_setting_is_told_of_by_those_that_need_it(self) -> None:
        for command, (read, needed) in COMMANDS.items():
            with self.subTest(command):
                told = set()
                for name, value in WRONG.items():
                    try:
                        read({**RIGHT, name: value})
                    except SettingError as error:
                        self.assertTrue(str(error).startswith(f"{name} "), error)
                        told.add(name)
                self.assertEqual(told, needed)

    def test_no_settings_show_a_secret(self) -> None:
        for command, (read, _) in COMMANDS.items():
            with self.subTest(command):
                shown = repr(read(RIGHT))
                self.assertNotIn("secret", shown)
                self.assertNotIn(keys.fernet_key(RIGHT[KEY]), shown)

    def test_reading_changes_nothing(self) -> None:
        for command, (read, _) in COMMANDS.items():
            with self.subTest(command):
                environment = dict(RIGHT)
                read(environment)
                self.assertEqual(environment, RIGHT)


if __name__ == "__main__":
    unittest.main()
