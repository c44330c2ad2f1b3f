import unittest

from cryptography.fernet import Fernet

from mlflow_aspire import keys
from mlflow_aspire.errors import SettingError

WEBHOOK_KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"


class WebhookKeyTest(unittest.TestCase):
    def test_a_fernet_key_stays_as_it_is(self) -> None:
        key = Fernet.generate_key().decode()
        self.assertEqual(keys.read({WEBHOOK_KEY: key}).exports(), {WEBHOOK_KEY: key})

    def test_other_text_becomes_always_the_same_key(self) -> None:
        # A fixed value: another one would make the secrets of existing webhooks unreadable.
        webhook = keys.read({WEBHOOK_KEY: "a generated password, 32 or more"}).exports()[WEBHOOK_KEY]
        self.assertEqual(webhook, "JkP2SpcoQEbLXekUEuDquTs3UYZa0mT5hg9cRMw0-eo=")
        Fernet(str(webhook))

    def test_every_character_can_be_used(self) -> None:
        Fernet(keys.fernet_key("ключ" * 8))

    def test_short_text_is_refused_and_not_shown(self) -> None:
        with self.assertRaisesRegex(SettingError, f"^{WEBHOOK_KEY} is too short; accepted: a Fernet key, or 32 characters or more$"):
            keys.fernet_key("x" * 31)

    def test_no_key_stays_no_key(self) -> None:
        self.assertEqual(keys.read({}).exports(), {})


    def test_the_key_is_not_shown(self) -> None:
        known = keys.read({WEBHOOK_KEY: "a generated password, 32 or more"})
        self.assertNotIn(str(known.webhook), repr(known))


class RequiredKeysTest(unittest.TestCase):
    def test_each_is_asked_for(self) -> None:
        complete = {"MLFLOW_CRYPTO_KEK_PASSPHRASE": "a", "MLFLOW_FLASK_SERVER_SECRET_KEY": "b"}
        keys.check(complete)
        for name in complete:
            with self.subTest(name), self.assertRaisesRegex(SettingError, f"^{name} is not set"):
                keys.check({**complete, name: ""})
