"""What clients are told when a database fails, on MLflow's own stores and its own server app."""

import inspect
import tempfile
import textwrap
import unittest
from pathlib import Path

import programs
import psycopg2
from flask import Flask, Response
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils
from serving import tables
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError

from mlflow_aspire.databases import faults, timeouts

STATEMENT = "INSERT INTO secrets (value) VALUES (%(value)s)"


def psycopg2_error(code: str | None, text: str = "it failed\nDETAIL: Key (name)=(x)") -> psycopg2.Error:
    # The code is read-only in Python, and set where an error is restored.
    error = psycopg2.OperationalError(text)
    error.__setstate__({"pgcode": code})
    return error


class TranslationTest(unittest.TestCase):
    def answer(self, error: Exception) -> tuple[int, str]:
        answer = faults.translate(error)
        return answer.get_http_status_code(), answer.message

    def test_what_passes_is_worth_another_try(self) -> None:
        for kind, code, text in (
            (OperationalError, "57014", timeouts.SETTING),
            (InternalError, "25006", "takes no writes"),
            (OperationalError, "53100", "disk of the database is full"),
            (OperationalError, "53300", "has no room"),
            (OperationalError, "40P01", "change the same objects"),
            (OperationalError, "57P01", "stopping or starting"),
            (OperationalError, None, "does not answer"),
        ):
            with self.subTest(code):
                status, message = self.answer(kind(STATEMENT, {"value": "secret"}, psycopg2_error(code)))
                self.assertEqual(status, 503)
                self.assertIn(text, message)

    def test_so_is_a_pool_without_a_free_connection(self) -> None:
        self.assertEqual(self.answer(PoolTimeoutError("QueuePool limit of size 5 overflow 10 reached"))[0], 503)

    def test_what_stays_is_the_clients(self) -> None:
        for kind, code in ((DataError, "22001"), (IntegrityError, "23505")):
            self.assertEqual(self.answer(kind(STATEMENT, {}, psycopg2_error(code))), (400, "The database refuses this: it failed"))

    def test_a_wrong_statement_is_not(self) -> None:
        self.assertEqual(self.answer(DataError(STATEMENT, {}, psycopg2_error("42P01")))[0], 500)


class HiddenStatementTest(unittest.TestCase):
    def test_an_error_that_mlflow_makes_of_one_of_the_database_has_no_statement(self) -> None:
        self.addCleanup(setattr, MlflowException, "__init__", MlflowException.__init__)
        faults.hide_statements()
        message = MlflowException(DataError(STATEMENT, {"value": "secret"}, psycopg2_error("22001", "value too long\nLINE 1: INSERT"))).message
        self.assertIn("value too long", message)
        self.assertNotRegex(message, "INSERT|secret|Background")


class ConflictTest(unittest.TestCase):
    """Requests that meet another one."""

    def setUp(self) -> None:
        self.calls = 0
        app = Flask("test")
        app.add_url_rule("/", view_func=lambda: self.view())
        faults.repeat_conflicts(app)
        self.client = app.test_client()

    def session(self, error: Exception | None, read_only: bool = False) -> None:
        class Session:
            def __enter__(self) -> "Session":
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def rollback(self) -> None:
                pass

            def commit(self) -> None:
                if error:
                    raise error

        with faults._translated(utils._get_managed_session_maker(Session, "postgresql"))(read_only=read_only):
            pass

    def answer(self, *sessions: Exception | None, after: int = 1) -> int:
        """The status of a request with these sessions, of which the errors come the first `after` times."""

        def view() -> Response:
            self.calls += 1
            try:
                for error in sessions:
                    self.session(error if self.calls <= after else None)
            except MlflowException as error:
                return Response(status=error.get_http_status_code())
            return Response(status=200)

        self.view = view
        return self.client.get("/").status_code

    def test_it_is_tried_again(self) -> None:
        for error in (
            IntegrityError(STATEMENT, {}, psycopg2_error("23505")),
            OperationalError(STATEMENT, {}, psycopg2_error("40P01")),
            StaleDataError("expected to update 1 row(s); 0 were matched."),
        ):
            with self.subTest(error):
                self.calls = 0
                self.assertEqual((self.answer(error), self.calls), (200, 2))

    def test_but_not_forever(self) -> None:
        self.assertEqual(self.answer(IntegrityError(STATEMENT, {}, psycopg2_error("23505")), after=100), 400)
        self.assertEqual(self.calls, 5)

    def test_and_not_when_it_has_stored_something(self) -> None:
        self.assertEqual((self.answer(None, IntegrityError(STATEMENT, {}, psycopg2_error("23505"))), self.calls), (400, 1))

    def test_other_errors_are_answered_at_once(self) -> None:
        self.assertEqual((self.answer(IntegrityError(STATEMENT, {}, psycopg2_error("23503"))), self.calls), (400, 1))
        self.calls = 0
        self.assertEqual((self.answer(OperationalError(STATEMENT, {}, psycopg2_error("57014"))), self.calls), (503, 1))


class InstalledTest(unittest.TestCase):
    """In a process of its own, as the changes stay."""

    def test_mlflow_is_still_what_is_changed(self) -> None:
        self.assertIn("raise MlflowException(message=e, error_code=BAD_REQUEST) from e", inspect.getsource(utils._get_managed_session_maker))
        self.assertIn("raise MlflowException(message=e, error_code=TEMPORARILY_UNAVAILABLE) from e", inspect.getsource(utils._get_managed_session_maker))

    def test_no_answer_of_a_server_holds_a_statement(self) -> None:
        code = textwrap.dedent("""
            import sys, mlflow.server
            from mlflow.exceptions import MlflowException
            from mlflow.server import handlers
            from mlflow_aspire.databases import faults
            from sqlalchemy import text
            faults.install(mlflow.server.app)
            client = mlflow.server.app.test_client()
            create = lambda name: client.post("/api/2.0/mlflow/registered-models/create", json={"name": name})
            assert create("a").status_code == 200
            answers = [create("a")]
            for store in (handlers._get_tracking_store(), handlers._get_model_registry_store()):
                with store.engine.begin() as connection:
                    connection.execute(text("ALTER TABLE registered_models RENAME TO gone") if "registry" in type(store).__module__ else text("ALTER TABLE experiment_tags RENAME TO gone_too"))
            answers += [create("b"), client.post("/api/2.0/mlflow/experiments/set-experiment-tag", json={"experiment_id": "0", "key": "k", "value": "secret-1"})]
            for answer in answers:
                print(answer.status_code, answer.get_data(as_text=True).replace(chr(10), " "))
            """)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "mlflow.db").write_bytes(tables())
            settings = {"MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db", "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/mlflow.db", "_MLFLOW_SERVER_ARTIFACT_ROOT": folder}
            run = programs.run(code, {"PATH": "/usr/bin:/bin", "HOME": folder, **settings}, folder)
        self.assertEqual(run.returncode, 0, run.stderr)
        answers = run.stdout.splitlines()
        self.assertEqual(len(answers), 3, run.stdout)
        for answer in answers:
            self.assertNotRegex(answer, r"\[SQL|INSERT|SELECT|secret-1|Background on this error")
        self.assertRegex(answers[0], "^400 .*RESOURCE_ALREADY_EXISTS.*already exists")


class TimeoutTest(unittest.TestCase):
    def options(self, **environment: str) -> str:
        return str(timeouts.read(environment).exports()["PGOPTIONS"])

    def test_it_is_30_seconds_unless_set(self) -> None:
        self.assertEqual(self.options(), "-c statement_timeout=30000")
        self.assertEqual(self.options(MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS="5"), "-c statement_timeout=5000")
        self.assertEqual(self.options(MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS="0"), "-c statement_timeout=0")

    def test_options_that_are_set_stay_and_win(self) -> None:
        self.assertEqual(self.options(PGOPTIONS="-c statement_timeout=1s -c lock_timeout=1s"), "-c statement_timeout=30000 -c statement_timeout=1s -c lock_timeout=1s")


if __name__ == "__main__":
    unittest.main()
