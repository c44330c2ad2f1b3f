import subprocess
import unittest

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mlflow-aspire", *arguments], env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=60)


class CommandLineTest(unittest.TestCase):
    def test_a_wrong_setting_is_one_line_and_exit_code_2(self) -> None:
        for command in ("serve", "migrate", "gc"):
            with self.subTest(command):
                result = run(command)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, r"\Amlflow-aspire: error: MLFLOW_BACKEND_STORE_URI is not set[^\n]*\n\Z")

    def test_a_failure_is_one_line_and_exit_code_1(self) -> None:
        database = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me:secret-1@127.0.0.1:9/mlflow", "MLFLOW_DATABASE_TIMEOUT_SECONDS": "0"}
        result = run("migrate", **database)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"\Amlflow-aspire: error: MLFLOW_BACKEND_STORE_URI: the database did not answer within 0 s [^\n]*\n\Z")
        self.assertNotIn("secret", result.stderr)

    def test_gc_needs_the_server(self) -> None:
        database = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@127.0.0.1:9/mlflow"}
        for uri, code, problem in (
            ("", 2, "MLFLOW_TRACKING_URI is not set"),
            ("file:///mlruns", 2, "MLFLOW_TRACKING_URI is no address of a server"),
            ("http://127.0.0.1:9", 1, "MLFLOW_TRACKING_URI: the server does not answer"),
        ):
            with self.subTest(uri):
                result = run("gc", **database, MLFLOW_TRACKING_URI=uri)
                self.assertEqual(result.returncode, code)
                self.assertRegex(result.stderr, rf"\Amlflow-aspire: error: {problem}[^\n]*\n\Z")

    def test_a_wrong_age(self) -> None:
        result = run("gc", "--older-than", "1y")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'1y' is no age; accepted: days, hours, minutes and seconds", result.stderr)

    def test_anything_else_is_run_as_it_is(self) -> None:
        result = run("python", "-c", "import os, sys; print(sys.argv[1:], os.environ['SETTING']); sys.exit(7)", "serve", "--flag", SETTING="as given")
        self.assertEqual((result.returncode, result.stdout), (7, "['serve', '--flag'] as given\n"))

    def test_anything_else_has_the_webhook_key_in_mlflows_form(self) -> None:
        result = run("python", "-c", "import mlflow.store.tracking.dbmodels.models", MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY="a generated password of 40 characters")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_an_unknown_program(self) -> None:
        result = run("server")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "mlflow-aspire: error: there is no command 'server'; accepted: serve, migrate, gc, or a program of the image\n")
