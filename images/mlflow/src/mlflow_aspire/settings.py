"""From the environment to the settings of a command, and back for libraries. An empty value counts as not set.

A command's settings are read once, before it does anything, into frozen objects: each topic has its part, and a function that reads it. The command
and all that it calls know nothing but these. What MLflow, libpq and other libraries read from the environment of the process is written there once all
has been read.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Protocol

from .errors import SettingError

Environment = Mapping[str, str]

# What libraries find in the environment; None is for what they must not find there.
Exports = Mapping[str, str | None]

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Part(Protocol):
    """A part of a command's settings that libraries need as well."""

    def exports(self) -> Exports:
        """The variables by which libraries get it. Files that they name are written now."""


class Settings(Protocol):
    """The settings of a command."""

    @property
    def parts(self) -> Sequence[Part]:
        """What is exported, in this order: one part says where the files of those after it are."""


def export(environment: MutableMapping[str, str], parts: Iterable[Part]) -> None:
    """Lets libraries read the parts from the environment."""
    for part in parts:
        for name, value in part.exports().items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value


def required(environment: Environment, name: str, purpose: str) -> str:
    return given(environment.get(name), name, purpose)


def given(value: str | None, name: str, purpose: str) -> str:
    """The value of a setting that has been read.

    Raises:
        SettingError: there is none.
    """
    if not value:
        raise SettingError(name, f"is not set; it is {purpose}")
    return value


def choice(environment: Environment, name: str, accepted: Sequence[str], default: str) -> str:
    value = environment.get(name) or default
    if value not in accepted:
        raise SettingError(name, f"is {value!r}; accepted: {', '.join(accepted)}")
    return value


def flag(environment: Environment, name: str, default: bool) -> bool:
    value = environment.get(name)
    if not value:
        return default
    if value.lower() not in _FLAGS:
        raise SettingError(name, f"is {value!r}; accepted: true, false")
    return _FLAGS[value.lower()]


def number(environment: Environment, name: str, default: int, minimum: int, maximum: int) -> int:
    value = environment.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", value) or not minimum <= int(value) <= maximum:
        raise SettingError(name, f"is {value!r}; accepted: a whole number, {minimum} to {maximum}")
    return int(value)


def seconds(environment: Environment, name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", value):
        raise SettingError(name, f"is {value!r}; accepted: a whole number of seconds, 0 to 999999")
    return int(value)
