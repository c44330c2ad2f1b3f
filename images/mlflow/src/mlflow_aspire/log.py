"""The lines that this package prints."""

import sys


def say(text: str) -> None:
    print(f"mlflow-aspire: {text}", flush=True)


def complain(text: str) -> None:
    # In one line: some libraries put several into a message.
    print(f"mlflow-aspire: error: {' '.join(text.split())}", file=sys.stderr, flush=True)
