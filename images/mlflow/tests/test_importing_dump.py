import sqlite3
import tempfile
import unittest
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from told import told

from mlflow_aspire.databases import revisions
from mlflow_aspire.errors import Failure
from mlflow_aspire.importing import dump, source

# As MLflow 2.9 had it.
REVISION = "acf3f17fdcc7"
HEAD = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n"
END = "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n"
VERSION = f"COPY public.alembic_version (version_num) FROM stdin;\n{REVISION}\n\\.\n"
EXPERIMENTS = (
    "COPY public.experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) FROM stdin;\n"
    "0\tDefault\tmlflow-artifacts:/0\tactive\t1\t1\n7\ta\\tb\\\\n\\né\t\\N\tdeleted\t2\t2\n\\.\n"
)
RUNS = (
    "COPY public.runs (run_uuid, name, source_type, status, start_time, lifecycle_stage, artifact_uri, experiment_id) FROM stdin;\n"
    "r\tone\tLOCAL\tFINISHED\t3\tactive\tmlflow-artifacts:/7/r/artifacts\t7\n\\.\n"
)
METRICS = "COPY public.metrics (key, value, \"timestamp\", run_uuid, step, is_nan) FROM stdin;\nm\t0.1\t5\tr\t0\tf\nn\t0\t5\tr\t0\tt\n\\.\n"
USERS = "COPY public.users (id, username) FROM stdin;\n1\tadmin\n\\.\n"
WHOLE = HEAD + VERSION + EXPERIMENTS + RUNS + METRICS + USERS + END


class DumpTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "mlflow.sql"
        self.target = self.folder / "copy.db"

    def copy(self, content: str | bytes) -> str:
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.target.unlink(missing_ok=True)
        with told() as said:
            dump.DumpSource(self.file, None).copy(self.target)
        return said.getvalue()

    def all(self, query: str) -> list:  # type: ignore[type-arg]
        with closing(sqlite3.connect(self.target)) as database:
            return database.execute(query).fetchall()

    def test_rows_of_an_older_version(self) -> None:
        self.assertIn("the table users is left out", self.copy(WHOLE))
        self.assertEqual(self.all("SELECT version_num FROM alembic_version"), [(revisions.read("tracking").head,)])
        experiments = self.all("SELECT experiment_id, name, artifact_location FROM experiments")
        self.assertEqual(experiments, [(0, "Default", "mlflow-artifacts:/0"), (7, "a\tb\\n\né", None)])
        self.assertEqual(self.all("SELECT key, value, timestamp, is_nan FROM metrics ORDER BY key"), [("m", 0.1, 5, 0), ("n", 0, 5, 1)])
        self.assertEqual(self.all("SELECT run_uuid, experiment_id FROM runs"), [("r", 7)])

    def test_a_dump_is_whole_or_refused(self) -> None:
        second = METRICS.replace("public.", "other.")
        for content, problem in (
            (WHOLE.replace(END, ""), "its end is missing"),
            (WHOLE[: WHOLE.index("n\t0\t5")], "it ends within the rows of metrics"),
            (HEAD + VERSION + EXPERIMENTS + END, "it has no rows of metrics, runs"),
            (HEAD + END, "it has no rows of alembic_version, "),
            (WHOLE.replace(END, second + END), "it has the table metrics in several schemas"),
            (WHOLE.replace("m\t0.1\t5", "m\t0.1"), "a row has 5 values for 6 columns"),
            (WHOLE.replace("\tr\t0\tf", "\tr\t0\tmaybe"), "metrics has rows that are none of MLflow's: 'maybe'"),
            (WHOLE.replace("is_nan)", "strange)"), "metrics has columns that are not MLflow's at this revision: strange"),
            (WHOLE.encode("utf-8").replace("é".encode(), b"\xe9"), "it is not in UTF-8"),
        ):
            expected = f"is no complete, undamaged dump of an MLflow server's database: {problem}.*Nothing was changed$"
            with self.subTest(problem), self.assertRaisesRegex(Failure, expected):
                self.copy(content)

    def test_a_newer_version(self) -> None:
        with self.assertRaisesRegex(Failure, "is at revision newer, which mlflow .* does not know"):
            self.copy(WHOLE.replace(REVISION, "newer"))

    def test_what_is_a_dump(self) -> None:
        for content, expected in ((WHOLE.encode(), True), (b"SQLite format 3\x00", False), (b"", False)):
            self.file.write_bytes(content)
            self.assertEqual(dump.is_dump(self.file), expected)
        self.file.write_bytes(b"PGDMP\x01\x0e")
        with self.assertRaisesRegex(Failure, "custom format: `pg_restore --file=mlflow.sql mlflow.sql` makes a plain one"):
            dump.is_dump(self.file)

    def test_artifacts_where_there_is_a_folder(self) -> None:
        self.assertEqual(dump.DumpSource(self.file, None).artifacts(), [])
        with patch.object(source, "artifacts", lambda folder: [folder]):
            self.assertEqual(dump.DumpSource(self.file, self.folder).artifacts(), [self.folder])
        with self.assertRaisesRegex(Failure, "is no folder"):
            dump.DumpSource(self.file, self.file)
