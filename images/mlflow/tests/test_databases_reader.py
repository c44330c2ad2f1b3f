import tempfile
import unittest

from mlflow.exceptions import MlflowException
from sqlalchemy import Engine, event, make_url, text

from mlflow_aspire.databases.reader import CONNECTIONS, Reader

ANSWER = text("SELECT :question")


class ReaderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.opened: list = []
        event.listen(Engine, "engine_connect", self.note)
        self.addCleanup(event.remove, Engine, "engine_connect", self.note)
        self.reader = self.read_from(f"sqlite:///{self.folder}/database")

    def read_from(self, uri: str) -> Reader:
        reader = Reader(make_url(uri))
        self.addCleanup(reader._engine.dispose)
        return reader

    def note(self, connection: object) -> None:
        self.opened.append(connection.connection.driver_connection)

    def ask(self, question: int) -> int:
        return self.reader.one(ANSWER, {"question": question})[0]

    def test_it_has_no_transaction_and_keeps_its_connections(self) -> None:
        self.assertEqual([self.ask(number) for number in range(5)], list(range(5)))
        self.assertEqual({connection.isolation_level for connection in self.opened}, {None})
        self.assertLessEqual(len(set(self.opened)), CONNECTIONS)
        self.assertIsNone(self.reader.one(text("SELECT 1 WHERE 1 = 0"), {}))

    def test_connections_that_the_database_has_ended_are_replaced(self) -> None:
        self.ask(1)
        self.opened[0].close()
        self.assertEqual(self.ask(2), 2)

    def test_a_database_that_is_away_is_worth_another_try(self) -> None:
        reader = self.read_from(f"sqlite:///{self.folder}/missing/database")
        with self.assertRaisesRegex(MlflowException, "^Not done: the database does not answer. Repeat the request$") as raised:
            reader.one(ANSWER, {"question": 1})
        self.assertEqual(raised.exception.get_http_status_code(), 503)

    def test_a_wrong_statement_is_tried_once(self) -> None:
        with self.assertRaises(MlflowException):
            self.reader.one(text("SELECT nonsense"), {})
        self.assertEqual(len(self.opened), 1)


if __name__ == "__main__":
    unittest.main()
