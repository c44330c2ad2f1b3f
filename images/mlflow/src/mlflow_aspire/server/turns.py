"""Turns that a long call lets other threads have.

Python runs one thread at a time. It takes the turn from one that does not let go after 5 ms, for which a short request would wait again each time that it has
waited for its socket or the database. A shorter interval takes an eighth more CPU of all requests.
"""

import time


class Turns:
    """Gives turns away once a call has done so much work, and from then on each time that it has done some more."""

    def __init__(self, after: int, every: int) -> None:
        self._left = after
        self._every = every

    def worked(self, amount: int) -> bool:
        """Whether a turn was given away."""
        self._left -= amount
        if self._left > 0:
            return False
        self._left = self._every
        give()
        return True


def give() -> None:
    """Lets another thread run first, if one waits.

    To let go of the turn and ask for it again would not do: on two cores the thread that waits is not awake by then, and goes on waiting.
    """
    time.sleep(0)
