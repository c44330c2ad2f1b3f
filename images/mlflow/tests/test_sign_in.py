import os
import stat
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from mlflow.server.auth.config import AuthConfig, read_auth_config

from mlflow_aspire import sign_in
from mlflow_aspire.databases import BASIC_AUTH, OIDC_AUTH, Databases
from mlflow_aspire.errors import SettingError
from mlflow_aspire.settings import export

PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"
BASIC = {"MLFLOW_APP_NAME": "basic-auth", BASIC_AUTH: "postgresql+psycopg2://db/auth", PASSWORD: "p@ss/w:o%rd#12;"}
OIDC = {
    "MLFLOW_APP_NAME": "oidc-auth",
    OIDC_AUTH: "postgresql+psycopg2://db/oidc",
    "OIDC_DISCOVERY_URL": "https://idp/.well-known/openid-configuration",
    "OIDC_CLIENT_ID": "mlflow",
    "OIDC_CLIENT_SECRET": "secret",
    "SECRET_KEY": "key",
}


def read_sign_in(environment: Mapping[str, str]) -> sign_in.SignIn:
    return sign_in.read(environment, Databases(basic_users=environment.get(BASIC_AUTH), oidc_users=environment.get(OIDC_AUTH)))


class BasicAuthTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(patch.object(tempfile, "tempdir", folder.name))

    def read(self, **settings: str) -> tuple[Path, AuthConfig]:
        """What MLflow itself makes of the file."""
        environment = {**BASIC, **settings}
        read = read_sign_in(environment)
        self.assertEqual(read.arguments, ["--app-name", "basic-auth"])
        export(environment, [read])
        with patch.dict(os.environ, environment):
            return Path(environment["MLFLOW_AUTH_CONFIG_PATH"]), read_auth_config()

    def test_defaults(self) -> None:
        path, config = self.read()
        self.assertEqual(config.database_uri, BASIC[BASIC_AUTH])
        self.assertEqual(config.default_permission, "READ")
        self.assertEqual(config.auth_cache_ttl_seconds, 60)
        self.assertEqual(config.admin_username, "admin")
        self.assertEqual(config.admin_password, BASIC[PASSWORD])
        self.assertEqual(path.parent, Path(tempfile.gettempdir()))

    def test_settings(self) -> None:
        settings = {"MLFLOW_AUTH_DEFAULT_PERMISSION": "NO_PERMISSIONS", "MLFLOW_AUTH_CACHE_TTL_SECONDS": "0", "MLFLOW_AUTH_ADMIN_USERNAME": "100%"}
        _, config = self.read(**settings, **{BASIC_AUTH: "postgresql+psycopg2://db/a%20b?sslmode=require"})
        self.assertEqual(config.database_uri, "postgresql+psycopg2://db/a%20b?sslmode=require")
        self.assertEqual(config.default_permission, "NO_PERMISSIONS")
        self.assertEqual(config.auth_cache_ttl_seconds, 0)
        self.assertEqual(config.admin_username, "100%")

    def test_the_file_is_private_and_holds_no_password(self) -> None:
        path, _ = self.read()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertNotIn("p@ss", path.read_text())
        self.assertNotIn("p@ss", repr((read_sign_in(BASIC), sign_in.administrator(BASIC))))

    def test_wrong_settings(self) -> None:
        for name, value, problem in (
            (PASSWORD, "", "is not set"),
            (PASSWORD, "12345678901", "is too short; accepted: 12 ASCII characters or more$"),
            (PASSWORD, "p\u00e4ssword-0123", "has characters that are not ASCII; accepted: 12 ASCII characters or more$"),
            ("MLFLOW_AUTH_ADMIN_USERNAME", "ad:min", "is 'ad:min'; accepted: printable ASCII characters without a colon$"),
            ("MLFLOW_AUTH_ADMIN_USERNAME", "J\u00f6rg", "is 'J\u00f6rg'; accepted: printable ASCII characters without a colon$"),
            ("MLFLOW_AUTH_ADMIN_USERNAME", "ad\nmin", r"is 'ad\\nmin'; accepted: printable ASCII characters without a colon$"),
            (BASIC_AUTH, "", "is not set"),
            ("MLFLOW_AUTH_DEFAULT_PERMISSION", "WRITE", "is 'WRITE'; accepted: READ, USE, EDIT, MANAGE, NO_PERMISSIONS$"),
            ("MLFLOW_AUTH_CACHE_TTL_SECONDS", "1m", "is '1m'"),
            ("MLFLOW_APP_NAME", "oauth", "is 'oauth'; accepted: basic-auth, oidc-auth$"),
        ):
            with self.subTest(name), self.assertRaisesRegex(SettingError, f"^{name} {problem}"):
                read_sign_in({**BASIC, name: value})
        self.assertEqual(os.listdir(tempfile.gettempdir()), [])


class OtherSignInsTest(unittest.TestCase):
    def test_everyone(self) -> None:
        self.assertEqual(read_sign_in({}).arguments, [])
        self.assertEqual(read_sign_in({"MLFLOW_APP_NAME": ""}).arguments, [])

    def test_oidc(self) -> None:
        self.assertEqual(read_sign_in(OIDC).arguments, ["--app-name", "guarded-oidc-auth"])

    def test_oidc_is_complete(self) -> None:
        for name in OIDC.keys() - {"MLFLOW_APP_NAME"}:
            with self.subTest(name), self.assertRaisesRegex(SettingError, f"^{name} is not set"):
                read_sign_in({**OIDC, name: ""})
