import itertools
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

from cachetools import TTLCache
from flask import Flask
from mlflow.server import auth
from mlflow.server.auth import sqlalchemy_store
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from werkzeug.security import check_password_hash

from mlflow_aspire.databases.reader import Reader
from mlflow_aspire.sign_in import basic_passwords, basic_users

PASSWORD = "a-long-password"
CALLS = 8


class BasicPasswordsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        self.store.create_user("user", PASSWORD)
        self.enterContext(patch.object(auth, "store", self.store))
        self.enterContext(patch.multiple(auth, _authenticate_cached=auth._authenticate_cached, authenticate_request=auth.authenticate_request))
        self.remember(60)
        self.hashed: list[str] = []
        self.theirs = auth._authenticate_cached
        for module in (basic_passwords, sqlalchemy_store):
            self.enterContext(patch.object(module, "check_password_hash", lambda known, given: self.hashed.append(given) or check_password_hash(known, given)))
        basic_passwords.verify_once()

    def remember(self, seconds: int) -> None:
        self.enterContext(patch.object(auth, "_USER_AUTH_CACHE", TTLCache(10, seconds) if seconds else None))

    def sign_in(self, passwords: list[str]) -> list[bool]:
        """All at the same time."""
        barrier = Barrier(len(passwords))

        def one(password: str) -> bool:
            barrier.wait(30)
            return auth._authenticate_cached("user", password) is not None

        with ThreadPoolExecutor(len(passwords)) as threads:
            return list(threads.map(one, passwords))

    def test_one_of_many_calls_hashes_the_password(self) -> None:
        self.assertEqual(self.sign_in([PASSWORD] * CALLS), [True] * CALLS)
        self.assertEqual(self.hashed, [PASSWORD])

    def test_a_wrong_password_is_refused_each_time(self) -> None:
        passwords = [PASSWORD, "wrong"] * 3
        self.assertEqual(self.sign_in(passwords), [True, False] * 3)
        self.assertEqual(sorted(self.hashed), sorted([PASSWORD, *["wrong"] * 3]))

    def test_they_are_right_where_they_are_to_mlflow(self) -> None:
        self.store.create_user("admin", PASSWORD, is_admin=True)
        self.store.create_user("upgraded", auth._LEGACY_DEFAULT_ADMIN_PASSWORD, is_admin=True)
        self.store.create_user("simple", auth._LEGACY_DEFAULT_ADMIN_PASSWORD)
        right = 0
        for username, password in itertools.product(("user", "admin", "upgraded", "simple", "nobody", ""), (PASSWORD, auth._LEGACY_DEFAULT_ADMIN_PASSWORD, "")):
            with self.subTest(username=username, password=password):
                auth._USER_AUTH_CACHE.clear()
                theirs = self.theirs(username, password)
                auth._USER_AUTH_CACHE.clear()
                for _ in range(2):
                    ours = auth._authenticate_cached(username, password)
                    self.assertEqual(ours and vars(ours), theirs and vars(theirs))
                right += theirs is not None
        self.assertEqual(right, 3)

    def test_credentials_of_another_kind_are_nobodys(self) -> None:
        for username, password in ((None, None), ("user", None), ("user\0", PASSWORD)):
            self.assertIsNone(auth._authenticate_cached(username, password))

    def test_a_changed_password_is_refused_at_once(self) -> None:
        """Wherever it has been changed: nothing tells this worker."""
        self.sign_in([PASSWORD])
        self.store.update_user("user", password="another-password")
        self.assertEqual(self.sign_in([PASSWORD, "another-password"]), [False, True])

    def test_a_user_is_as_he_is_now(self) -> None:
        self.assertFalse(auth._authenticate_cached("user", PASSWORD).is_admin)
        self.store.update_user("user", is_admin=True)
        self.assertTrue(auth._authenticate_cached("user", PASSWORD).is_admin)
        self.store.delete_user("user")
        self.assertEqual(self.sign_in([PASSWORD]), [False])
        # Another user of this name.
        self.store.create_user("user", "another-password")
        self.assertEqual(self.sign_in([PASSWORD, "another-password"]), [False, True])

    def test_nothing_is_remembered_where_that_is_switched_off(self) -> None:
        self.remember(0)
        self.assertEqual(self.sign_in([PASSWORD] * 3), [True] * 3)
        self.assertEqual(len(self.hashed), 3)

    def asked(self) -> int | str:
        """What MLflow is told of a request that is running: who makes it, or the status of the answer."""
        answer = auth.authenticate_request()
        return getattr(answer, "status_code", None) or answer.username

    def test_a_request_is_asked_once_who_makes_it(self) -> None:
        self.remember(0)
        for _ in range(2):
            with Flask("test").test_request_context(auth=("user", PASSWORD)):
                self.assertEqual([self.asked() for _ in range(3)], ["user"] * 3)
        self.assertEqual(len(self.hashed), 2)

    def test_a_request_that_is_refused_is_refused_each_time(self) -> None:
        for credentials in (("user", "wrong"), ("nobody", PASSWORD), None):
            with self.subTest(credentials), Flask("test").test_request_context(auth=credentials):
                self.assertEqual([self.asked() for _ in range(2)], [401, 401])

    def test_a_request_that_changes_a_user_is_asked_again(self) -> None:
        basic_users.read_once(self.store, Reader(self.store.engine.url))
        for change in (lambda: self.store.update_user("user", password="another-password"), lambda: self.store.delete_user("user")):
            with Flask("test").test_request_context(auth=("user", PASSWORD)):
                before = self.asked()
                change()
                self.assertEqual((before, self.asked()), ("user", 401))
            if self.store.has_user("user"):
                self.store.update_user("user", password=PASSWORD)


if __name__ == "__main__":
    unittest.main()
