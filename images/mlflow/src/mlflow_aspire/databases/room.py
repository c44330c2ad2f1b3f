"""A database whose disk is full: noted when a statement fails for it, and forgotten when there is room again.

It reads on as before, and takes small writes now and then, so nothing but a write of some size tells.
"""

import mmap

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

DISK_FULL = "53100"
# A mebibyte, which is gone with the transaction.
_WRITE = text("CREATE TEMPORARY TABLE mlflow_aspire_room AS SELECT generate_series(1, 30000)")

# Shared with the workers that are forked from this process, of which any answers a probe.
_full = mmap.mmap(-1, 1)


def note() -> None:
    """A statement has failed for want of room."""
    _full[0] = 1


def is_short(database: Engine) -> bool:
    """Whether the disk was full, and is."""
    if _full[0] and not _has_room(database):
        return True
    _full[0] = 0
    return False


def _has_room(database: Engine) -> bool:
    try:
        with database.connect() as connection:
            # Without a commit.
            connection.execute(_WRITE)
    except DBAPIError as error:
        # Of other errors, such as of a role that may make no tables, requests tell.
        return getattr(error.orig, "pgcode", None) != DISK_FULL
    return True
