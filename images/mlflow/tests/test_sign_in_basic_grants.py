"""What is granted is what MLflow's own way says, for each user, workspace and set of types."""

import itertools
import tempfile
import unittest

from mlflow.exceptions import MlflowException
from mlflow.server.auth.db.models import SqlRolePermission
from mlflow.server.auth.permissions import VALID_RESOURCE_TYPES
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import event

from mlflow_aspire.databases.reader import Reader
from mlflow_aspire.sign_in import basic_grants

GRANTS = (
    ("one", "default", "experiment", "1", "EDIT"),
    ("one", "default", "experiment", "2", "DENY"),
    ("one", "default", "run", "*", "READ"),
    ("one", "default", "registered_model", "model", "MANAGE"),
    ("one", "other", "experiment", "1", "MANAGE"),
    ("one", "other", "workspace", "*", "USE"),
    ("two", "default", "workspace", "*", "MANAGE"),
    ("two", "default", "experiment", "*", "READ"),
)


class BasicGrantsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = SqlAlchemyStore()
        self.store.init_db(f"sqlite:///{self.enterContext(tempfile.TemporaryDirectory())}/users.db")
        self.addCleanup(self.store.engine.dispose)
        self.users = {name: self.store.create_user(name, "a-long-password").id for name in ("one", "two", "nobody")}
        self.permissions = [self.grant(*grant) for grant in GRANTS]
        self.theirs = self.store.list_grants
        self.sessions = 0
        event.listen(self.store.engine, "checkout", self.count)
        basic_grants.read_in_short(self.store, Reader(self.store.engine.url))

    def count(self, *_: object) -> None:
        self.sessions += 1

    def grant(self, user: str, workspace: str, kind: str, pattern: str, permission: str) -> int:
        role = self.store.create_role(f"{user}-{kind}-{pattern}", workspace)
        self.store.assign_role_to_user(self.users[user], role.id)
        return self.store.add_role_permission(role.id, kind, pattern, permission).id

    def test_they_are_the_ones_that_mlflow_finds(self) -> None:
        found = 0
        kinds = ("experiment", "run", "registered_model", "workspace")
        for types in [set(types) for size in range(len(kinds) + 1) for types in itertools.combinations(kinds, size)] + [VALID_RESOURCE_TYPES]:
            for user, workspace in itertools.product(self.users.values(), ("default", "other", "nowhere")):
                with self.subTest(types=types, user=user, workspace=workspace):
                    theirs = self.theirs(user, workspace, types)
                    ours = self.store.list_grants(user, workspace, types)
                    self.assertEqual(sorted(ours), sorted(theirs))
                    self.assertEqual({type(row) for row in ours}, {type(row) for row in theirs})
                    found += len(ours)
        self.assertGreater(found, 20)

    def test_a_grant_that_is_taken_away_is_gone_at_once(self) -> None:
        before = self.store.list_grants(self.users["one"], "default", {"experiment"})
        with self.store.ManagedSessionMaker(read_only=False) as session:
            session.query(SqlRolePermission).filter(SqlRolePermission.id == self.permissions[0]).delete()
        self.assertEqual([row for row in before if row not in self.store.list_grants(self.users["one"], "default", {"experiment"})], [("experiment", "1", "EDIT")])

    def test_it_takes_no_session(self) -> None:
        self.store.list_grants(self.users["one"], "default", {"experiment", "run"})
        self.assertEqual(self.sessions, 0)

    def test_what_is_no_type_is_refused_as_before(self) -> None:
        with self.assertRaisesRegex(MlflowException, "Invalid resource type 'nonsense'"):
            self.store.list_grants(self.users["one"], "default", {"nonsense"})


if __name__ == "__main__":
    unittest.main()
