import tempfile
import unittest

from mlflow.exceptions import MlflowException
from mlflow.server.auth.db.models import SqlUser
from sqlalchemy import Engine, Integer, bindparam, column, create_engine, event, make_url, select
from sqlalchemy.dialects.postgresql.psycopg2 import dialect

from mlflow_aspire.databases.reader import CONNECTIONS, Reader, _prepare
from mlflow_aspire.sign_in.basic_users import _USER
from mlflow_aspire.sign_in.bearer_authentication import _FACTS

ANSWER = select(bindparam("question", type_=Integer).label("answer")).where(bindparam("most", 1_000) > bindparam("question"))


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
        return self.reader.one(ANSWER, {"question": question, "most": 1_000}).answer

    def test_it_has_no_transaction_and_keeps_its_connections(self) -> None:
        self.assertEqual([self.ask(number) for number in range(5)], list(range(5)))
        self.assertEqual({connection.isolation_level for connection in self.opened}, {None})
        self.assertLessEqual(len(set(self.opened)), CONNECTIONS)
        self.assertIsNone(self.reader.one(ANSWER, {"question": 1_000, "most": 1_000}))

    def test_connections_that_the_database_has_ended_are_replaced(self) -> None:
        self.ask(1)
        self.opened[0].close()
        self.assertEqual(self.ask(2), 2)

    def test_a_database_that_is_away_is_worth_another_try(self) -> None:
        reader = self.read_from(f"sqlite:///{self.folder}/missing/database")
        with self.assertRaisesRegex(MlflowException, "^Not done: the database does not answer. Repeat the request$") as raised:
            reader.one(ANSWER, {"question": 1, "most": 2})
        self.assertEqual(raised.exception.get_http_status_code(), 503)

    def test_a_wrong_statement_is_tried_once(self) -> None:
        with self.assertRaises(MlflowException):
            self.reader.one(select(column("nonsense")), {})
        self.assertEqual(len(self.opened), 1)

    def test_all_connections_of_before_are_replaced_at_once(self) -> None:
        """A database that comes back has ended each of them, and a call is repeated once."""
        with self.reader._engine.connect(), self.reader._engine.connect():
            pass
        for connection in self.opened:
            connection.close()
        self.assertEqual(self.ask(1), 1)

    def test_a_row_is_that_of_sqlalchemy(self) -> None:
        uri = f"sqlite:///{self.folder}/users"
        engine = create_engine(uri)
        self.addCleanup(engine.dispose)
        SqlUser.__table__.create(engine)
        statement = select(*SqlUser.__table__.c).where(SqlUser.username == bindparam("name"))
        reader = self.read_from(uri)
        for name, is_admin in (("J\u00f6rg 100% 'x'; :name %(name)s ?", True), ("other", False)):
            with self.subTest(name):
                with engine.begin() as connection:
                    connection.execute(SqlUser.__table__.insert(), {"username": name, "password_hash": "hash", "is_admin": is_admin})
                    theirs = connection.execute(statement, {"name": name}).one()
                ours = reader.one(statement, {"name": name})
                self.assertEqual((ours._asdict(), *map(type, ours)), (theirs._asdict(), *map(type, theirs)))

    def test_postgresql_needs_nothing_but_the_text(self) -> None:
        """Its driver takes the names of parameters, and gives values as they are."""
        for statement in (_USER, _FACTS):
            prepared = _prepare(statement, dialect())
            self.assertIsNone(prepared._order)
            self.assertEqual(set(prepared._converters), {None})


if __name__ == "__main__":
    unittest.main()
