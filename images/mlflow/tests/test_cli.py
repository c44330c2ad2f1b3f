import io
import os
import signal
import subprocess
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import programs
from cryptography.fernet import Fernet

from mlflow_aspire import cli, lean

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
PASSWORD = "p@ss/w:o%rd?#&'="
SERVER = {
    "MLFLOW_BACKEND_STORE_URI": "postgresql://db/mlflow",
    "PGUSER": "mlflow",
    "PGPASSWORD": PASSWORD,
    "MLFLOW_ARTIFACTS_DESTINATION": "/tmp/artifacts",
    "MLFLOW_CRYPTO_KEK_PASSPHRASE": "a passphrase of these tests",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of these tests",
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "a generated password, 32 or more",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As the image does."""
    return subprocess.run(["mlflow-aspire", *arguments], env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS)


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same for a command that needs MLflow, which takes longest to import."""
    code = f"import sys; sys.argv = {['mlflow-aspire', *arguments]!r}; from mlflow_aspire import cli; cli.main()"
    return programs.run(code, {**ENVIRONMENT, **environment}, "/tmp")


class CommandLineTest(unittest.TestCase):
    def test_a_wrong_setting_is_one_line_and_exit_code_2(self) -> None:
        for command in ("serve", "migrate", "hand-over", "gc", "backup", "restore", "restore archive.zip", "check", "users", "sql -", "sql"):
            with self.subTest(command):
                result = (run if command == "serve" else run_command)(*command.split())
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, r"\Amlflow-aspire: error: MLFLOW_BACKEND_STORE_URI is not set[^\n]*\n\Z")

    def test_a_start_does_not_look_for_garbage_all_the_time(self) -> None:
        script = (
            "import atexit, gc, sys; from mlflow_aspire import cli; "
            "atexit.register(lambda: print(gc.get_threshold()[0])); sys.argv[1:] = ['users']; cli.main()"
        )
        result = subprocess.run(
            [sys.executable, "-c", script], env={**ENVIRONMENT, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, timeout=programs.LIMIT_SECONDS
        )
        self.assertGreaterEqual(int(result.stdout), 100_000)

    def test_a_failure_is_one_line_and_exit_code_1(self) -> None:
        database = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me:secret%2D1@127.0.0.1:9/mlflow", "MLFLOW_DATABASE_TIMEOUT_SECONDS": "1"}
        result = run_command("migrate", **database)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Amlflow-aspire: error: MLFLOW_BACKEND_STORE_URI: the database did not answer within 1 s \(MLFLOW_DATABASE_TIMEOUT_SECONDS\): [^\n]*\n\Z")
        self.assertNotRegex(result.stdout + result.stderr, "secret(-|%2D)1")

    def test_gc_needs_the_artifact_store(self) -> None:
        database = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@127.0.0.1:9/mlflow"}
        for settings, problem in (
            ({}, "MLFLOW_ARTIFACTS_DESTINATION is not set; it is the store that the server keeps artifacts in"),
            ({"MLFLOW_SERVE_ARTIFACTS": "false"}, "MLFLOW_ARTIFACTS_DESTINATION is not set; it is the store that the server keeps artifacts in"),
            ({"MLFLOW_ARTIFACTS_DESTINATION": "https://server"}, "MLFLOW_ARTIFACTS_DESTINATION is of no known store"),
        ):
            with self.subTest(settings):
                result = run_command("gc", **database, **settings)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, rf"\Amlflow-aspire: error: {problem}[^\n]*\n\Z")

    def test_the_demo_needs_a_server(self) -> None:
        for settings, problem in (
            ({}, "MLFLOW_TRACKING_URI is not set; it is the address of the server that gets the demo"),
            ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_APP_NAME": "oidc-auth"}, "OIDC_USERS_DB_URI is not set"),
        ):
            with self.subTest(settings):
                result = run_command("demo", **settings)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, rf"\Amlflow-aspire: error: {problem}[^\n]*\n\Z")

    def test_a_wrong_age(self) -> None:
        result = run("gc", "--older-than", "1y")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'1y' is no age; accepted: days, hours, minutes and seconds", result.stderr)

    def test_anything_else_is_run_as_it_is(self) -> None:
        result = run("python", "-c", "import os, sys; print(sys.argv[1:], os.environ['SETTING']); sys.exit(7)", "serve", "--flag", SETTING="as given")
        self.assertEqual((result.returncode, result.stdout), (7, "['serve', '--flag'] as given\n"))

    def test_anything_else_has_the_webhook_key_in_mlflows_form(self) -> None:
        name = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
        result = run("python", "-c", f"import os; print(os.environ['{name}'])", **{name: "a generated password of 40 characters"})
        self.assertEqual(result.returncode, 0, result.stderr)
        # As MLflow does when it is imported.
        Fernet(result.stdout)

    def test_a_start_that_is_stopped_ends(self) -> None:
        # The first process of a container would not get the signal without a handler; any other one would end by it.
        program = "import time; from mlflow_aspire import cli; cli._parser = lambda: print(flush=True) or time.sleep(60); cli.main()"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE) as process:
            self.addCleanup(process.kill)
            process.stdout.readline()  # type: ignore[union-attr]
            process.terminate()
            self.assertEqual(process.wait(30), 128 + signal.SIGTERM)

    def test_an_unknown_program(self) -> None:
        result = run("server")
        self.assertEqual(result.returncode, 1)
        commands = "serve, migrate, hand-over, gc, demo, backup, restore, import, check, users, reset-admin, sql"
        self.assertEqual(result.stderr, f"mlflow-aspire: error: there is no command 'server'; accepted: {commands}, or a program of the image\n")


class WrongSettingsTest(unittest.TestCase):
    """Wrong settings end the server before it does anything, with one line that names them and holds no secret."""

    def serve(self, **settings: str) -> tuple[object, str, str]:
        handler = signal.getsignal(signal.SIGTERM)
        self.addCleanup(signal.signal, signal.SIGTERM, handler)
        self.addCleanup(lean.end)
        output, errors = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, {**SERVER, **settings}, clear=True), mock.patch("sys.argv", ["mlflow-aspire", "serve"]):
            with redirect_stdout(output), redirect_stderr(errors), self.assertRaises(SystemExit) as end:
                cli.main()
        return end.exception.code, output.getvalue(), errors.getvalue()

    def test_each_is_named(self) -> None:
        database, blobs = "MLFLOW_BACKEND_STORE_URI", "wasbs://artifacts@account.blob.core.windows.net"
        keys = {"AZURE_STORAGE_CONNECTION_STRING": PASSWORD, "AZURE_STORAGE_ACCESS_KEY": PASSWORD}
        for settings, problem in (
            ({database: ""}, f"{database} is not set"),
            ({database: "mysql://db/mlflow"}, f"{database} starts with mysql://; accepted: postgresql://"),
            ({database: "postgresql://db/mlflow?plugin=entra"}, f"PGPASSWORD is set, and {database} asks for Microsoft Entra"),
            ({"PGUSER": ""}, "PGUSER is not set"),
            ({"MLFLOW_ARTIFACTS_DESTINATION": ""}, "MLFLOW_ARTIFACTS_DESTINATION is not set"),
            ({"MLFLOW_ARTIFACTS_DESTINATION": blobs, **keys}, "AZURE_STORAGE_CONNECTION_STRING and AZURE_STORAGE_ACCESS_KEY are both set"),
            ({"MLFLOW_CRYPTO_KEK_PASSPHRASE": ""}, "MLFLOW_CRYPTO_KEK_PASSPHRASE is not set"),
            ({"MLFLOW_FLASK_SERVER_SECRET_KEY": ""}, "MLFLOW_FLASK_SERVER_SECRET_KEY is not set"),
            ({"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "short"}, "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is too short; accepted: a Fernet key, or 32 characters"),
            ({"MLFLOW_APP_NAME": "oauth"}, "MLFLOW_APP_NAME is 'oauth'; accepted: basic-auth, oidc-auth"),
            # Of several that are missing the first one that a server needs.
            ({"MLFLOW_CRYPTO_KEK_PASSPHRASE": "", "MLFLOW_APP_NAME": "basic-auth"}, "MLFLOW_CRYPTO_KEK_PASSPHRASE is not set"),
            ({"MLFLOW_APP_NAME": "basic-auth"}, "MLFLOW_AUTH_ADMIN_PASSWORD is not set"),
            ({"MLFLOW_OPENTELEMETRY": "maybe"}, "MLFLOW_OPENTELEMETRY is 'maybe'; accepted: true, false"),
        ):
            with self.subTest(problem):
                code, output, errors = self.serve(**settings)
                self.assertEqual((code, output), (2, ""))
                self.assertEqual(errors.count("\n"), 1)
                self.assertTrue(errors.startswith(f"mlflow-aspire: error: {problem}"), errors)
                self.assertNotIn(PASSWORD, errors)
