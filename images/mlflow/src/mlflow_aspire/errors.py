"""The failures that are told to the user in one line instead of a traceback."""


class Failure(Exception):
    """Something that the settings cannot help: exit code 1."""

    exit_code = 1


class SettingError(Failure):
    """A setting that is missing or wrong: exit code 2.

    The message starts with the name of the setting. It holds the value only where that cannot be a secret.
    """

    exit_code = 2

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting} {problem}")
