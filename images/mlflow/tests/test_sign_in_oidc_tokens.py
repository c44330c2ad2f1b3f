import unittest
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from fastapi import HTTPException
from mlflow_oidc_auth.routers import users

from mlflow_aspire.settings import SettingError
from mlflow_aspire.sign_in import oidc_tokens


class AccessTokenTest(unittest.TestCase):
    def setUp(self) -> None:
        for name in ("_parse_expiration", "DEFAULT_TOKEN_LIFETIME"):
            changed = patch.object(users, name, getattr(users, name))
            changed.start()
            self.addCleanup(changed.stop)

    def refused(self, days: float) -> bool:
        try:
            users._parse_expiration((datetime.now(UTC) + timedelta(days=days)).isoformat())
        except HTTPException as error:
            self.assertEqual(error.status_code, 400)
            return True
        return False

    def test_they_last_thirty_days(self) -> None:
        oidc_tokens.limit({})
        self.assertEqual([self.refused(days) for days in (29.9, 30.1, 300)], [False, True, True])
        self.assertEqual(users.DEFAULT_TOKEN_LIFETIME, timedelta(days=30))

    def test_they_last_as_long_as_the_setting_says(self) -> None:
        oidc_tokens.limit({"MLFLOW_OIDC_ACCESS_TOKEN_DAYS": "1"})
        self.assertEqual([self.refused(days) for days in (0.9, 1.1)], [False, True])

    def test_there_are_none(self) -> None:
        oidc_tokens.limit({"MLFLOW_OIDC_ACCESS_TOKEN_DAYS": "0"})
        self.assertTrue(self.refused(0.1))

    def test_a_wrong_setting(self) -> None:
        for value in ("-1", "366", "month"):
            with self.subTest(value), self.assertRaisesRegex(SettingError, f"^MLFLOW_OIDC_ACCESS_TOKEN_DAYS is '{value}'; accepted: "):
                oidc_tokens.limit({"MLFLOW_OIDC_ACCESS_TOKEN_DAYS": value})
