"""What the package tells while it is called here and not by the command, which sets up how it tells it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from mlflow_aspire import log


@contextmanager
def told() -> Iterator[io.StringIO]:
    log.configure()
    with redirect_stdout(io.StringIO()) as output:
        yield output
