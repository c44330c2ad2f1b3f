import tempfile
import unittest
from unittest.mock import patch

from mlflow_oidc_auth.config import config
from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY, AuthContext
from mlflow_oidc_auth.sqlalchemy_store import SqlAlchemyStore

from mlflow_aspire.sign_in import bearer_groups

MACHINE, ADMINISTRATOR = "machine@example.com", "administrator@example.com"


class BearerGroupsTest(unittest.TestCase):
    """The plugin has authenticated the request: what it knows of it stands in the scope."""

    def setUp(self) -> None:
        self.claims = {"groups": ["mlflow"]}
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        for user in (MACHINE, ADMINISTRATOR):
            self.store.create_user(user, user, is_admin=True)
        self.enterContext(patch.object(bearer_groups, "store", self.store))
        self.enterContext(patch.object(bearer_groups, "claims_of", self.validate))
        self.enterContext(patch.multiple(config, OIDC_GROUP_NAME=["mlflow", "research"], OIDC_ADMIN_GROUP_NAME=["mlflow-admin"], OIDC_GROUPS_ATTRIBUTE="groups"))

    def validate(self, token: str) -> dict:
        self.assertEqual(token, "the.to.ken")
        return self.claims

    def request(self, is_admin: bool = False, is_open: bool = False) -> tuple[int, dict]:
        """The status of the answer, and the scope of a request that goes on."""
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"authorization", b"Bearer the.to.ken")], "state": {"is_admin": is_admin}}
        if not is_open:
            scope[AUTH_CONTEXT_KEY] = AuthContext(MACHINE, is_admin)
        refusal = bearer_groups.refusal(scope)
        return (refusal.status_code, {}) if refusal else (200, scope)

    def test_a_token_with_one_of_the_groups_is_let_in(self) -> None:
        for groups in (["mlflow"], ["other", "research"], "research", ["mlflow-admin"]):
            with self.subTest(groups):
                self.claims = {"groups": groups}
                status, scope = self.request()
                self.assertEqual((status, scope[AUTH_CONTEXT_KEY]), (200, AuthContext(MACHINE, False)))

    def test_a_token_with_none_of_the_groups_is_refused(self) -> None:
        for groups in ([], ["strangers"], "strangers", "", None, {"mlflow": True}, [None, 1], ["MLFLOW"]):
            with self.subTest(groups):
                self.claims = {"groups": groups}
                self.assertEqual(self.request(), (401, {}))
        self.claims = {}
        self.assertEqual(self.request(), (401, {}))

    def test_a_pattern_admits_as_it_does_at_login(self) -> None:
        self.claims = {"groups": ["team-vision"]}
        with patch.object(config, "OIDC_GROUP_NAME_PATTERN", ["team-*"]):
            self.assertEqual(self.request()[0], 200)
        self.assertEqual(self.request()[0], 401)

    def test_a_token_that_cannot_be_checked_is_refused(self) -> None:
        with patch.object(bearer_groups, "claims_of", side_effect=ValueError("expired meanwhile")):
            self.assertEqual(self.request(), (401, {}))

    def test_open_routes_have_no_groups_to_look_at(self) -> None:
        self.claims = {}
        self.assertEqual(self.request(is_open=True)[0], 200)

    def test_trusted_groups_take_an_administrators_rights_permanently(self) -> None:
        with patch.object(config, "OIDC_TRUST_BEARER_GROUP_CLAIMS", True):
            self.claims = {"groups": ["mlflow-admin"]}
            self.assertTrue(self.request(is_admin=True)[1][AUTH_CONTEXT_KEY].is_admin)
            self.claims = {"groups": ["mlflow"]}
            scope = self.request(is_admin=True)[1]
        self.assertFalse(scope[AUTH_CONTEXT_KEY].is_admin)
        self.assertFalse(scope["state"]["is_admin"])
        self.assertFalse(self.store.get_user_profile(MACHINE).is_admin)

    def test_groups_that_are_not_trusted_take_and_give_nothing(self) -> None:
        self.assertTrue(self.request(is_admin=True)[1][AUTH_CONTEXT_KEY].is_admin)
        self.assertTrue(self.store.get_user_profile(MACHINE).is_admin)
        self.claims = {"groups": ["mlflow-admin"]}
        self.assertFalse(self.request()[1][AUTH_CONTEXT_KEY].is_admin)

    def test_the_last_administrator_is_refused_rather_than_kept(self) -> None:
        self.store.update_user(ADMINISTRATOR, is_admin=False)
        with patch.object(config, "OIDC_TRUST_BEARER_GROUP_CLAIMS", True):
            self.assertEqual(self.request(is_admin=True), (401, {}))
