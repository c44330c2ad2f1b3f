import subprocess
import unittest

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mlflow-aspire", *arguments], env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=60)


class CommandLineTest(unittest.TestCase):
    def test_a_wrong_setting_is_one_line_and_exit_code_2(self) -> None:
        for command in ("serve", "migrate", "hand-over", "gc"):
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

    def test_gc_needs_the_artifact_store(self) -> None:
        database = {"MLFLOW_BACKEND_STORE_URI": "postgresql://me@127.0.0.1:9/mlflow"}
        for settings, problem in (
            ({}, "MLFLOW_ARTIFACTS_DESTINATION is not set; it is the store that the server keeps artifacts in"),
            ({"MLFLOW_SERVE_ARTIFACTS": "false"}, "MLFLOW_ARTIFACTS_DESTINATION is not set; it is the store that the server keeps artifacts in"),
            ({"MLFLOW_ARTIFACTS_DESTINATION": "https://server"}, "MLFLOW_ARTIFACTS_DESTINATION is of no known store"),
        ):
            with self.subTest(settings):
                result = run("gc", **database, **settings)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, rf"\Amlflow-aspire: error: {problem}[^\n]*\n\Z")

    def test_the_demo_needs_a_server(self) -> None:
        for settings, problem in (
            ({}, "MLFLOW_TRACKING_URI is not set; it is the address of the server that gets the demo"),
            ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_APP_NAME": "oidc-auth"}, "OIDC_USERS_DB_URI is not set"),
        ):
            with self.subTest(settings):
                result = run("demo", **settings)
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
        result = run("python", "-c", "import mlflow.store.tracking.dbmodels.models", MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY="a generated password of 40 characters")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_an_unknown_program(self) -> None:
        result = run("server")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "mlflow-aspire: error: there is no command 'server'; accepted: serve, migrate, hand-over, gc, demo, or a program of the image\n")
