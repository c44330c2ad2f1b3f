"""Ages such as 30d or 1d12h, in the form of `mlflow gc --older-than`."""

import re
from datetime import timedelta

_AGE = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")


def parse(text: str) -> timedelta:
    """The age that the text stands for.

    Raises:
        ValueError: the text is no age.
    """
    match = _AGE.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is no age; accepted: days, hours, minutes and seconds such as 30d, 12h or 1d12h30m")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})
