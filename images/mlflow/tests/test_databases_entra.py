import base64
import json
import os
import unittest
from typing import Any
from unittest.mock import Mock, patch

import psycopg2
import sqlalchemy
from azure.core.credentials import AccessToken
from azure.identity import CredentialUnavailableError
from azure_postgresql_auth.core import AZURE_DB_FOR_POSTGRES_SCOPE

from mlflow_aspire.databases import entra

IDENTITY = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mlflow-identity"


def token(number: int, **claims: str) -> AccessToken:
    payload = base64.urlsafe_b64encode(json.dumps({"n": number, **claims}).encode()).decode().rstrip("=")
    return AccessToken(f"header.{payload}.signature", 0)


class EntraPluginTest(unittest.TestCase):
    def setUp(self) -> None:
        self.credential = Mock()
        self.enterContext(patch.object(entra, "credential", return_value=self.credential))
        self.enterContext(patch.dict(os.environ))
        os.environ.pop("PGUSER", None)

    def sign_in(self, uri: str | sqlalchemy.URL, times: int = 1) -> list[dict[str, Any]]:
        """Connects, and gives what the driver was called with."""
        engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
        with patch.object(psycopg2, "connect", side_effect=psycopg2.OperationalError("no server")) as connect:
            for _ in range(times):
                with self.assertRaises(sqlalchemy.exc.OperationalError):
                    engine.connect()
        return [call.kwargs for call in connect.call_args_list]

    def test_every_connection_gets_the_token_of_its_time(self) -> None:
        os.environ["PGUSER"] = "mlflow"
        self.credential.get_token.side_effect = [token(1), token(2)]
        first, second = self.sign_in("postgresql+psycopg2://db/mlflow?plugin=entra&sslmode=require", times=2)
        self.assertEqual(first, {"host": "db", "dbname": "mlflow", "sslmode": "require", "user": "mlflow", "password": token(1).token})
        self.assertEqual((second["user"], second["password"]), ("mlflow", token(2).token))
        self.credential.get_token.assert_called_with(AZURE_DB_FOR_POSTGRES_SCOPE)

    def test_a_database_of_another_cloud_gets_a_token_of_that_cloud(self) -> None:
        self.credential.get_token.return_value = token(1, xms_mirid=IDENTITY)
        for domain in ("usgovcloudapi.net", "chinacloudapi.cn"):
            for user in ("me@", ""):
                self.sign_in(f"postgresql+psycopg2://{user}db.postgres.database.{domain}/mlflow?plugin=entra")
                self.credential.get_token.assert_called_once_with(f"https://ossrdbms-aad.database.{domain}/.default")
                self.credential.get_token.reset_mock()

    def test_the_user_of_the_uri_comes_first(self) -> None:
        os.environ["PGUSER"] = "other"
        self.credential.get_token.return_value = token(1)
        self.assertEqual(self.sign_in("postgresql+psycopg2://me@db/mlflow?plugin=entra")[0]["user"], "me")

    def test_without_a_user_the_token_names_the_role(self) -> None:
        self.credential.get_token.return_value = token(1, xms_mirid=IDENTITY)
        self.assertEqual(self.sign_in("postgresql+psycopg2://db/mlflow?plugin=entra")[0]["user"], "mlflow-identity")

    def test_an_engine_from_the_url_of_another_signs_in_as_well(self) -> None:
        self.credential.get_token.return_value = token(1)
        engine = sqlalchemy.create_engine("postgresql+psycopg2://me@db/mlflow?plugin=entra")
        self.assertEqual(self.sign_in(engine.url)[0]["password"], token(1).token)

    def test_without_the_parameter_nothing_changes(self) -> None:
        self.assertEqual(self.sign_in("postgresql+psycopg2://me@db/mlflow"), [{"host": "db", "dbname": "mlflow", "user": "me"}])
        self.credential.get_token.assert_not_called()

    def test_no_token(self) -> None:
        self.credential.get_token.side_effect = CredentialUnavailableError("no\nmanaged identity")
        engine = sqlalchemy.create_engine("postgresql+psycopg2://me@db/mlflow?plugin=entra")
        with self.assertRaisesRegex(entra.EntraSignInError, "^Microsoft Entra gave no token for PostgreSQL .*: no managed identity$"):
            engine.connect()

    def test_a_token_without_a_name(self) -> None:
        self.credential.get_token.return_value = token(1)
        engine = sqlalchemy.create_engine("postgresql+psycopg2://db/mlflow?plugin=entra")
        with self.assertRaisesRegex(entra.EntraSignInError, "username"):
            engine.connect()
