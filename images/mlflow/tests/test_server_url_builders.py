"""Addresses of routes, from functions that are compiled when somebody asks for the first one."""

import unittest
from unittest import mock

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError, Map, Rule

from mlflow_aspire.server import url_builders

_RULES = ("/", "/runs/<run>", "/runs/<int:run>/files/<path:file>", "/of/<name>/")
_CALLS = ((0, {}), (1, {"run": "a b/ä"}), (2, {"run": 7, "file": "x/y z"}), (2, {"run": 7}), (3, {"name": "n", "more": "1 2"}), (9, {}))


def addresses() -> tuple[list[str], list[str]]:
    """What is made of the routes' names, and where requests for addresses go."""
    urls = Map([Rule(rule, endpoint=str(number)) for number, rule in enumerate(_RULES)]).bind("server")
    made = []
    for number, values in _CALLS:
        for unknown in (True, False):
            try:
                made.append(urls.build(str(number), values, append_unknown=unknown))
            except BuildError as error:
                made.append(type(error).__name__)
    found = []
    for path in ("/", "/runs/x", "/runs/7/files/a/b", "/of/n", "/none"):
        try:
            found.append(str(urls.match(path)))
        except HTTPException as error:
            found.append(f"{type(error).__name__} {getattr(error, 'new_url', '')}")
    return made, found


class UrlBuildersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.plain = addresses()
        builder = mock.patch.object(Rule, "_compile_builder", Rule._compile_builder)
        builder.start()
        self.addCleanup(builder.stop)
        url_builders.compile_when_asked()

    def test_addresses_are_those_of_werkzeug(self) -> None:
        self.assertEqual(addresses(), self.plain)

    def test_routes_that_nobody_asks_an_address_of_have_none_compiled(self) -> None:
        with mock.patch.object(url_builders, "_compile", side_effect=url_builders._compile) as compiled:
            urls = Map([Rule("/a", endpoint="a"), Rule("/b", endpoint="b")]).bind("server")
            self.assertEqual(urls.match("/a"), ("a", {}))
            self.assertEqual(compiled.call_count, 0)
            self.assertEqual([urls.build("a") for _ in range(3)], ["/a"] * 3)
            self.assertEqual(compiled.call_count, 1)


if __name__ == "__main__":
    unittest.main()
