"""A connection is tried with a statement when it has not been for seconds, or when its server has said something."""

import socket
import unittest
from types import SimpleNamespace
from unittest import mock

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from mlflow_aspire.databases import trials


class Connection:
    """As psycopg2's, with a socket whose other end is the server's."""

    def __init__(self) -> None:
        self.autocommit = True
        self.closed = 0
        self.trials = 0
        self.error: Exception | None = None
        self.socket, self.server = socket.socketpair()

    def fileno(self) -> int:
        return self.socket.fileno()

    def cursor(self) -> SimpleNamespace:
        return SimpleNamespace(execute=self.execute, close=lambda: None)

    def execute(self, _: str) -> None:
        self.trials += 1
        if self.error:
            raise self.error


class TrialsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        self.enterContext(mock.patch.object(trials, "time", SimpleNamespace(monotonic=lambda: self.now)))
        self.enterContext(mock.patch.object(PGDialect_psycopg2, "do_ping", PGDialect_psycopg2.do_ping))
        trials.apply()
        self.connection = Connection()
        self.addCleanup(self.connection.socket.close)
        self.addCleanup(self.connection.server.close)

    def trials_of(self, uses: int, connection: Connection | None = None) -> int:
        connection = connection or self.connection
        before = connection.trials
        for _ in range(uses):
            self.assertTrue(PGDialect_psycopg2().do_ping(connection))
        return connection.trials - before

    def test_once_in_a_while(self) -> None:
        self.assertEqual(self.trials_of(3), 1)
        self.now = 4.9
        self.assertEqual(self.trials_of(3), 0)
        self.now = 5
        self.assertEqual(self.trials_of(3), 1)

    def test_each_for_itself(self) -> None:
        other = Connection()
        self.addCleanup(other.socket.close)
        self.addCleanup(other.server.close)
        self.assertEqual((self.trials_of(2), self.trials_of(2, other)), (1, 1))

    def test_when_the_server_says_something(self) -> None:
        self.trials_of(1)
        self.connection.server.send(b"E")
        self.assertEqual(self.trials_of(2), 2)
        self.connection.socket.recv(1)
        self.assertEqual(self.trials_of(2), 0)

    def test_when_the_server_has_gone(self) -> None:
        self.trials_of(1)
        self.connection.server.close()
        self.assertEqual(self.trials_of(2), 2)

    def test_when_it_is_closed(self) -> None:
        self.trials_of(1)
        self.connection.closed = 2
        self.connection.socket.close()
        self.assertEqual(self.trials_of(1), 1)

    def test_one_that_has_failed_is_tried_again(self) -> None:
        self.trials_of(1)
        self.now = 9
        self.connection.error = OSError("gone")
        for _ in range(2):
            with self.assertRaises(OSError):
                PGDialect_psycopg2().do_ping(self.connection)
        self.connection.error = None
        self.assertEqual(self.trials_of(2), 1)


if __name__ == "__main__":
    unittest.main()
