"""The functions that make addresses of Flask's routes, each of which Werkzeug writes and compiles for a route that is added: two for each of MLflow's 400.

MLflow makes hardly an address, so that they are compiled when somebody asks for the first one.
"""

import functools
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_compile = Rule._compile_builder


def compile_when_asked() -> None:
    """Does so for routes that are added from now on."""
    Rule._compile_builder = _asked


def _asked(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    compiled = functools.cache(lambda: _compile(rule, append_unknown))

    def build(self: Rule, **values: Any) -> tuple[str, str]:
        return compiled()(self, **values)

    return build
