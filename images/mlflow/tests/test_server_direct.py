"""The direct way to Flask answers what MLflow's own way answers, for every sign-in, with workspaces and with a prefix."""

import os
import re
import tempfile
import unittest
from pathlib import Path

import programs
from serving import tables


class DirectWayTest(unittest.TestCase):
    def _compare(self, **settings: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                "PATH": os.environ["PATH"],
                "_MLFLOW_SGI_NAME": "uvicorn",
                "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/runs.db",
                "_MLFLOW_SERVER_ARTIFACT_ROOT": f"{folder}/artifacts",
                "_MLFLOW_SERVER_ARTIFACT_DESTINATION": f"{folder}/artifacts",
                "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
                "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/runs.db",
                "MLFLOW_SERVER_ALLOWED_HOSTS": "server",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "GIT_PYTHON_REFRESH": "quiet",
                **{name: value.format(folder=folder) for name, value in settings.items()},
            }
            Path(folder, "runs.db").write_bytes(tables())
            if settings.get("MLFLOW_APP_NAME") == "basic-auth":
                Path(folder, "auth.ini").write_text(
                    f"[mlflow]\ndatabase_uri = sqlite:///{folder}/users.db\ndefault_permission = NO_PERMISSIONS\n"
                    "admin_username = admin\nadmin_password = a-long-password\nauth_cache_ttl_seconds = 600\n"
                )
            result = programs.run(Path(__file__).with_name("direct_ways.py").read_text(), environment, folder, limit_seconds=300)
        self.assertEqual(result.returncode, 0, result.stderr[-4000:])
        self.assertNotIn("DIFFERENT", result.stdout)
        counts = re.search(r"^direct paths (\d+)\n(?:.*\n)*compared (\d+)$", result.stdout, re.MULTILINE)
        assert counts, result.stdout
        # Most of MLflow's paths have no parameters, and some answers were compared.
        self.assertGreater(int(counts[1]), 200, result.stdout)
        self.assertGreater(int(counts[2]), 100, result.stdout)

    def test_without_sign_in(self) -> None:
        self._compare()

    def test_with_a_prefix(self) -> None:
        self._compare(_MLFLOW_STATIC_PREFIX="/ml")

    def test_with_workspaces(self) -> None:
        self._compare(MLFLOW_ENABLE_WORKSPACES="true")

    def test_with_basic_authentication(self) -> None:
        self._compare(MLFLOW_APP_NAME="basic-auth", MLFLOW_AUTH_CONFIG_PATH="{folder}/auth.ini", MLFLOW_FLASK_SERVER_SECRET_KEY="flask-secret")

    def test_with_basic_authentication_and_workspaces(self) -> None:
        self._compare(
            MLFLOW_APP_NAME="basic-auth", MLFLOW_AUTH_CONFIG_PATH="{folder}/auth.ini", MLFLOW_FLASK_SERVER_SECRET_KEY="flask-secret",
            MLFLOW_ENABLE_WORKSPACES="true", _MLFLOW_STATIC_PREFIX="/ml",
        )  # fmt: skip

    def test_with_the_plugin_of_openid_connect(self) -> None:
        self._compare(
            MLFLOW_APP_NAME="oidc-auth", OIDC_USERS_DB_URI="sqlite:///{folder}/users.db", OIDC_DISCOVERY_URL="https://127.0.0.1:9/.well-known/openid-configuration",
            OIDC_CLIENT_ID="mlflow", OIDC_CLIENT_SECRET="client-secret", SECRET_KEY="session-secret", OIDC_REDIRECT_URI="https://server/callback",
        )  # fmt: skip


if __name__ == "__main__":
    unittest.main()
