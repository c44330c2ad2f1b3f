"""A signature is verified once with the same keys; all else about a token is looked at each time."""

import time
import unittest
from typing import Any
from unittest import mock

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError
from joserfc.jwk import RSAKey
from mlflow_oidc_auth import auth

from mlflow_aspire.sign_in import verified_tokens

KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
OPTIONS = {"aud": {"essential": True, "value": "mlflow"}}


def _keys(key: RSAKey = KEY) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False)]}


def _token(key: RSAKey = KEY, **claims: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, {"aud": "mlflow", "groups": ["a"], "exp": int(time.time()) + 60, **claims}, key)


class VerifiedTokensTest(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(mock.patch.object(auth._TokenDecoder, "decode", auth._TokenDecoder.decode))
        verified_tokens.remember()
        verified_tokens._verified.clear()
        self.verify = self.enterContext(mock.patch.object(auth.jws, "deserialize_compact", wraps=jws.deserialize_compact))

    def decode(self, token: str, keys: Any, options: Any = OPTIONS, algorithms: tuple[str, ...] = ("RS256",)) -> Any:
        return auth._TokenDecoder(list(algorithms)).decode(token, keys, claims_options=options)

    def test_a_signature_is_verified_once(self) -> None:
        token, keys = _token(), _keys()
        first, second = self.decode(token, keys), self.decode(token, keys)
        self.assertEqual(self.verify.call_count, 1)
        self.assertEqual(first, second)
        second.validate()
        second["groups"].append("of the caller")
        self.assertEqual(self.decode(token, keys)["groups"], ["a"])

    def test_other_keys_and_algorithms_verify_again(self) -> None:
        token, keys = _token(), _keys()
        self.decode(token, keys)
        self.decode(token, _keys())
        self.decode(token, keys, algorithms=("RS256", "ES256"))
        self.assertEqual(self.verify.call_count, 3)
        with self.assertRaises(BadSignatureError):
            self.decode(token, _keys(OTHER))

    def test_a_wrong_signature_is_wrong_each_time(self) -> None:
        keys = _keys()
        for _ in range(2):
            with self.assertRaises(BadSignatureError):
                self.decode(_token(OTHER), keys)
        self.assertEqual(len(verified_tokens._verified), 0)

    def test_a_token_that_expires_meanwhile_is_refused(self) -> None:
        token, keys = _token(exp=int(time.time()) + 2), _keys()
        self.decode(token, keys).validate()
        later = time.time() + 5
        with mock.patch("time.time", return_value=later), self.assertRaises(ExpiredTokenError):
            self.decode(token, keys).validate()
        self.assertEqual(self.verify.call_count, 1)

    def test_what_is_asked_of_claims_is_that_of_the_request(self) -> None:
        token, keys = _token(), _keys()
        self.decode(token, keys).validate()
        with self.assertRaises(InvalidClaimError):
            self.decode(token, keys, {"aud": {"essential": True, "value": "another"}}).validate()

    def test_long_tokens_are_not_remembered(self) -> None:
        token, keys = _token(groups=["x" * 20_000]), _keys()
        for _ in range(2):
            self.decode(token, keys)
        self.assertEqual(self.verify.call_count, 2)


if __name__ == "__main__":
    unittest.main()
