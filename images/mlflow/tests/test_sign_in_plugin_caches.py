import inspect
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

from mlflow_oidc_auth.cache.local_backend import LocalTTLCacheBackend

from mlflow_aspire.sign_in import plugin_caches

METHODS = ("get", "set", "delete", "delete_prefix", "clear")


class PluginCachesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(patch.multiple(LocalTTLCacheBackend, **{name: getattr(LocalTTLCacheBackend, name) for name in METHODS}))
        plugin_caches.lock()

    def test_threads_do_not_meet(self) -> None:
        """Without the lock each of them ends with a KeyError, as entries end between two steps of another thread."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        cache = LocalTTLCacheBackend(maxsize=50, ttl=0.001)

        def use(thread: int) -> None:
            for number in range(2_000):
                cache.set(str(number * thread % 97), number)
                cache.get(str(number % 97))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(use, range(1, 9)))

    def test_it_keeps_what_it_kept(self) -> None:
        cache = LocalTTLCacheBackend(maxsize=10, ttl=60)
        for key in ("a:1", "a:2", "b:1", "c:1"):
            cache.set(key, key)
        cache.delete("c:1")
        cache.delete_prefix("a:")
        self.assertEqual([cache.get(key) for key in ("a:1", "a:2", "b:1", "c:1")], [None, None, "b:1", None])
        cache.clear()
        self.assertIsNone(cache.get("b:1"))

    def test_these_are_all_of_its_methods(self) -> None:
        methods = {name for name, _ in inspect.getmembers(LocalTTLCacheBackend, inspect.isfunction)}
        self.assertEqual(methods - {"__init__"}, set(METHODS))


if __name__ == "__main__":
    unittest.main()
