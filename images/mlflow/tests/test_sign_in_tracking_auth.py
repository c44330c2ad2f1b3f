import os
import unittest
from unittest.mock import Mock, patch

import requests
from azure.core.credentials import AccessToken
from mlflow.tracking.request_auth.registry import fetch_auth

from mlflow_aspire.errors import SettingError
from mlflow_aspire.sign_in import tracking_auth

SCOPE = "api://the-client/.default"


class EntraAuthProviderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.credential = Mock()
        self.enterContext(patch.object(tracking_auth, "credential", return_value=self.credential))
        self.enterContext(patch.dict(os.environ, MLFLOW_TRACKING_ENTRA_SCOPE=SCOPE))

    def test_every_request_has_the_token_of_its_time(self) -> None:
        self.credential.get_token.side_effect = [AccessToken("first", 0), AccessToken("second", 0)]
        auth = fetch_auth("entra")
        sent = [requests.Request("GET", "https://mlflow/api", auth=auth).prepare().headers["Authorization"] for _ in range(2)]
        self.assertEqual(sent, ["Bearer first", "Bearer second"])
        self.credential.get_token.assert_called_with(SCOPE)

    def test_the_scope_is_required(self) -> None:
        with patch.dict(os.environ, MLFLOW_TRACKING_ENTRA_SCOPE=""), self.assertRaisesRegex(SettingError, "^MLFLOW_TRACKING_ENTRA_SCOPE is not set"):
            fetch_auth("entra")
