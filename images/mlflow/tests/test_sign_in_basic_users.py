import tempfile
import unittest
from unittest.mock import patch

from flask import Flask
from mlflow.exceptions import MlflowException
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

from mlflow_aspire.databases.reader import Reader
from mlflow_aspire.sign_in import basic_users


class BasicUsersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        for name in ("one", "two"):
            self.store.create_user(name, "a-long-password")
        basic_users.read_once(self.store, Reader(self.store.engine.url))
        self.reads = 0
        one = Reader.one
        self.enterContext(patch.object(Reader, "one", lambda *arguments: self.count(one(*arguments))))
        self.app = Flask("test")

    def count(self, row: object) -> object:
        self.reads += 1
        return row

    def is_admin(self, name: str = "one") -> bool:
        return self.store.get_user(name).is_admin

    def test_a_request_reads_each_user_once(self) -> None:
        with self.app.test_request_context():
            users = [self.store.get_user(name).username for name in ("one", "one", "two", "one")]
        self.assertEqual((users, self.reads), (["one", "one", "two", "one"], 2))

    def test_the_next_request_reads_again(self) -> None:
        with self.app.test_request_context():
            self.assertFalse(self.is_admin())
        self.store.update_user("one", is_admin=True)
        with self.app.test_request_context():
            self.assertTrue(self.is_admin())

    def test_a_request_that_changes_a_user_sees_it(self) -> None:
        with self.app.test_request_context():
            self.assertFalse(self.is_admin())
            self.store.update_user("one", is_admin=True)
            self.assertTrue(self.is_admin())
            self.store.delete_user("one")
            with self.assertRaisesRegex(Exception, "not found"):
                self.is_admin()

    def test_it_is_what_the_store_says(self) -> None:
        for name in ("one", "two"):
            self.assertEqual(vars(self.store.get_user(name)), vars(next(user for user in self.store.list_users() if user.username == name)))
        with self.assertRaisesRegex(MlflowException, "User with username=nobody not found"):
            self.store.get_user("nobody")

    def test_nothing_is_kept_outside_of_a_request(self) -> None:
        self.assertEqual((self.is_admin(), self.is_admin(), self.reads), (False, False, 2))


if __name__ == "__main__":
    unittest.main()
