"""One connection for all that a call asks of a database. MLflow takes one from the pool for each thing."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from . import sessions
from .faults import translate


@dataclass
class _Held:
    stack: ExitStack
    connections: dict[sessions.OpenSession, Connection] = field(default_factory=dict)
    """By what opens the sessions that have them."""


_held: ContextVar[_Held | None] = ContextVar("_held", default=None)


def share() -> None:
    """Lets `hold` have an effect on stores that are made from now on."""
    sessions.change_opening(_sharing)


@contextmanager
def hold() -> Iterator[None]:
    """Sessions of a database that are opened inside have one connection, one after the other. One that is opened during another one is part of its transaction."""
    with ExitStack() as stack:
        token = _held.set(_Held(stack))
        try:
            yield
        finally:
            _held.reset(token)


def connect(session: Session) -> Connection:
    """A connection for a session.

    Raises:
        MlflowException: there is none.
    """
    try:
        return session.get_bind().connect()
    except SQLAlchemyError as error:
        # MLflow translates what a session meets, and not what opens it.
        raise translate(error) from error


def _sharing(open_session: sessions.OpenSession) -> sessions.OpenSession:
    @contextmanager
    def shared() -> Iterator[Session]:
        held = _held.get()
        with open_session() as session:
            if held is not None:
                if open_session not in held.connections:
                    held.connections[open_session] = held.stack.enter_context(connect(session))
                session.bind = held.connections[open_session]
            yield session

    return shared
