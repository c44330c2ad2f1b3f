import unittest

from mlflow_aspire.databases import BACKEND, BASIC_AUTH, OIDC_AUTH, READ_REPLICA, read
from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import export


def settled(**environment: str) -> dict[str, str]:
    """What libraries find in the environment."""
    export(environment, [read(environment)])
    return environment


class DatabasesTest(unittest.TestCase):
    def test_the_driver_is_psycopg2(self) -> None:
        for uri in ("postgresql://db:5432/mlflow", "postgresql+psycopg2://db:5432/mlflow"):
            with self.subTest(uri):
                self.assertEqual(settled(**{BACKEND: uri}, PGUSER="mlflow")[BACKEND], "postgresql+psycopg2://db:5432/mlflow")

    def test_parameters_stay(self) -> None:
        environment = settled(**{BACKEND: "postgresql://db/mlflow?sslmode=require&plugin=entra"})
        self.assertEqual(environment[BACKEND], "postgresql+psycopg2://db/mlflow?plugin=entra&sslmode=require")

    def test_all_databases_are_brought_into_the_form(self) -> None:
        names = (BACKEND, READ_REPLICA, BASIC_AUTH, OIDC_AUTH)
        environment = settled(**{name: f"postgresql://db/{name.lower()}" for name in names}, PGUSER="mlflow")
        self.assertEqual([environment[name] for name in names], [f"postgresql+psycopg2://db/{name.lower()}" for name in names])

    def test_credentials_move_out_of_the_uri(self) -> None:
        environment = settled(**{BACKEND: "postgresql://ml%40flow:p%40ss%2Fw%3Ao%25rd@db/mlflow"})
        self.assertEqual(environment, {BACKEND: "postgresql+psycopg2://db/mlflow", "PGUSER": "ml@flow", "PGPASSWORD": "p@ss/w:o%rd"})

    def test_the_same_credentials_may_be_given_twice(self) -> None:
        environment = settled(**{BACKEND: "postgresql://me:secret-1@db/mlflow", BASIC_AUTH: "postgresql://me@db/auth"}, PGPASSWORD="secret-1")
        self.assertEqual(environment[BASIC_AUTH], "postgresql+psycopg2://db/auth")
        self.assertEqual((environment["PGUSER"], environment["PGPASSWORD"]), ("me", "secret-1"))

    def test_an_empty_variable_is_not_set(self) -> None:
        environment = settled(**{BACKEND: "postgresql://me:secret-1@db/mlflow"}, PGUSER="", PGPASSWORD="")
        self.assertEqual((environment["PGUSER"], environment["PGPASSWORD"]), ("me", "secret-1"))

    def test_other_credentials_are_refused_and_not_shown(self) -> None:
        for uri, environment in {
            "postgresql://me:secret-1@db/mlflow": {"PGPASSWORD": "secret-2"},
            "postgresql://me@db/mlflow": {"PGUSER": "you"},
        }.items():
            with self.subTest(uri), self.assertRaisesRegex(SettingError, f"^{BACKEND} holds another ") as caught:
                settled(**{BACKEND: uri}, **environment)
            self.assertNotIn("secret", str(caught.exception))

    def test_a_password_is_not_shown(self) -> None:
        databases = read({BACKEND: "postgresql://me:secret-1@db/mlflow", BASIC_AUTH: "postgresql://me:secret-1@db/auth"})
        self.assertEqual((databases.user, databases.password), ("me", "secret-1"))
        self.assertNotIn("secret", repr(databases))

    def test_the_role_must_be_named(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^PGUSER is not set.*{BACKEND}"):
            settled(**{BACKEND: "postgresql://db/mlflow"})

    def test_a_token_and_a_password_are_two_ways(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^PGPASSWORD is set, and {BACKEND} asks for Microsoft Entra"):
            settled(**{BACKEND: "postgresql://db/mlflow?plugin=entra"}, PGUSER="mlflow", PGPASSWORD="secret-1")

    def test_wrong_uris_are_refused_and_not_shown(self) -> None:
        for uri, problem in {
            "secret-1": "is not the URI of a database",
            "postgresql://me:secret-1@db:port/mlflow": "is not the URI of a database",
            "mysql://me:secret-1@db/mlflow": "starts with mysql://",
            "sqlite:////tmp/secret-1.db": "starts with sqlite://",
            "postgresql://me:secret-1@db": "names no database",
            "postgresql:///secret-1": "names no host",
            "postgresql://db/mlflow?password=secret-1": "has the parameter 'password'; use PGPASSWORD instead",
        }.items():
            with self.subTest(uri), self.assertRaisesRegex(SettingError, f"^{BACKEND} {problem}") as caught:
                settled(**{BACKEND: uri}, PGUSER="mlflow")
            self.assertNotIn("secret", str(caught.exception))
