"""Signatures of bearer tokens that have been verified, which a client sends with each of its requests.

Whether a signature is right depends on the token, the provider's keys and the accepted algorithms, and on nothing else: with the same ones the plugin verifies it
once. What may change meanwhile is looked at with each request as before: expiration, audience and issuer by the plugin, the user in the database.
"""

import copy
import hashlib
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from cachetools import LRUCache
from mlflow_oidc_auth import auth

# Claims are copied for each request, and may name hundreds of groups.
_LONGEST = 16_384

_verified: LRUCache[tuple[bytes, tuple[str, ...]], tuple[Any, Any]] = LRUCache(maxsize=256)
_lock = Lock()


def remember() -> None:
    auth._TokenDecoder.decode = _once(auth._TokenDecoder.decode)


def _once(decode: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(decode)
    def decode_once(self: Any, token: str, jwks: Any, claims_options: Any = None) -> Any:
        if len(token) > _LONGEST:
            return decode(self, token, jwks, claims_options)
        key = hashlib.sha256(token.encode()).digest(), tuple(self.algorithms)
        with _lock:
            keys, claims = _verified.get(key, (None, None))
        # The plugin keeps the provider's keys as one object until it asks for them again.
        if keys is not jwks or claims is None:
            claims = decode(self, token, jwks, claims_options)
            with _lock:
                _verified[key] = jwks, claims
        claims = copy.deepcopy(claims)
        claims.options = claims_options or {}
        return claims

    return decode_once
