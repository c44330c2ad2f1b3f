import tempfile
import unittest
from pathlib import Path

from mlflow_oidc_auth.sqlalchemy_store import SqlAlchemyStore

from mlflow_aspire.errors import Failure
from mlflow_aspire.sign_in.service_account import access_token

NAME = "mlflow-demo"


class ServiceAccountTest(unittest.TestCase):
    """On the plugin's own store."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = f"sqlite:///{Path(folder.name)}/users.db"
        self.users = SqlAlchemyStore()
        self.users.init_db(self.database)
        self.addCleanup(self.users.engine.dispose)

    def signs_in(self, credentials: dict[str, str]) -> bool:
        return self.users.authenticate_user(credentials["MLFLOW_TRACKING_USERNAME"], credentials["MLFLOW_TRACKING_PASSWORD"])

    def test_a_token_ends_with_its_task_and_with_no_other(self) -> None:
        with access_token(self.database) as first:
            with access_token(self.database) as second:
                self.assertTrue(self.signs_in(first) and self.signs_in(second))
            self.assertTrue(self.signs_in(first))
            self.assertFalse(self.signs_in(second))
        self.assertFalse(self.signs_in(first))
        self.assertEqual(self.users.list_user_tokens(NAME), [])

    def test_a_token_ends_with_a_task_that_fails(self) -> None:
        with self.assertRaises(RuntimeError), access_token(self.database) as credentials:
            raise RuntimeError
        self.assertFalse(self.signs_in(credentials))

    def test_the_name_of_somebody_else(self) -> None:
        self.users.create_user(NAME, "A person")
        with self.assertRaisesRegex(Failure, f"^the user '{NAME}' is not the demo's service account"), access_token(self.database):
            self.fail("there is a token")

    def test_an_account_that_is_deactivated(self) -> None:
        self.users.create_user("root", "An administrator", is_admin=True)
        with access_token(self.database):
            pass
        self.users.update_user(NAME, active=False)
        with self.assertRaisesRegex(Failure, "^OIDC_USERS_DB_URI: the demo gets no token: .*deactivated"), access_token(self.database):
            self.fail("there is a token")

    def test_a_database_that_does_not_answer(self) -> None:
        with self.assertRaisesRegex(Failure, "^OIDC_USERS_DB_URI: the demo gets no token: .*Connection refused"), access_token("postgresql+psycopg2://me@127.0.0.1:9/users"):
            self.fail("there is a token")
