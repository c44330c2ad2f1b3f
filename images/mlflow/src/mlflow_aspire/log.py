"""The lines that this package prints."""

import sys


def say(text: str) -> None:
    print(f"mlflow-aspire: {text}", flush=True)


def complain(text: str) -> None:
    print(f"mlflow-aspire: error: {text}", file=sys.stderr, flush=True)
