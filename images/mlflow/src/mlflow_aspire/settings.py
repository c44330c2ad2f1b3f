"""Reading settings from the environment. An empty value counts as not set."""

import re
from collections.abc import Mapping, MutableMapping, Sequence

from .errors import SettingError

# Commands get `os.environ` itself: libpq and MLflow read the environment of the process.
Environment = Mapping[str, str]
MutableEnvironment = MutableMapping[str, str]

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def required(environment: Environment, name: str, purpose: str) -> str:
    value = environment.get(name)
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
