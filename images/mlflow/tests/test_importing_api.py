"""An import over the API of a server, and what becomes of servers that are broken. What comes of older versions was compared by hand: docs/day-two.md."""

import io
import json
import sqlite3
import tempfile
import threading
import unittest
import uuid
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from unittest.mock import patch

from mlflow.tracing.attachments import Attachment
from serving import ServerTest
from test_guard_rights import spans
from told import told

from mlflow_aspire.errors import Failure
from mlflow_aspire.importing import command
from mlflow_aspire.importing.api import files, models, runs, server
from mlflow_aspire.importing.api.source import ServerSource
from mlflow_aspire.importing.source import Missing

MODEL = "O'Brien"
SPANS = b'{"spans": []}'


class ServerSourceTest(ServerTest):
    """Everything of a server with basic authentication, which the administrator reads."""

    sign_in = "basic"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        sign_in = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "password of a test", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        cls.enterClassContext(patch.dict("os.environ", sign_in))

    def call(self, path: str, **body: object) -> dict:  # type: ignore[type-arg]
        return self.server.done("owner", "POST", f"2.0/mlflow/{path}", body)

    def rows(self, database: Path, query: str) -> list:  # type: ignore[type-arg]
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(query).fetchall()

    def test_rows_and_files(self) -> None:
        experiment = self.call("experiments/create", name="first", tags=[{"key": "a", "value": "b"}])["experiment_id"]
        gone = self.call("experiments/create", name="gone")["experiment_id"]
        run = self.call("runs/create", experiment_id=experiment, start_time=1, run_name="one")["run"]["info"]
        deleted = self.call("runs/create", experiment_id=experiment, start_time=2)["run"]["info"]["run_id"]
        self.call("runs/delete", run_id=deleted)
        self.call("experiments/delete", experiment_id=gone)
        values = [(0.5, 0), (0.25, 1), ("NaN", 2), ("Infinity", 3)]
        metrics = [{"key": "loss", "value": value, "timestamp": 7, "step": step} for value, step in values]
        self.call("runs/log-batch", run_id=run["run_id"], metrics=metrics, params=[{"key": "p", "value": "1"}], tags=[{"key": "empty", "value": ""}])
        dataset = {"name": "numbers", "digest": "d", "source_type": "local", "source": "{}"}
        self.call("runs/log-inputs", run_id=run["run_id"], datasets=[{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}])
        logged = self.call("logged-models", experiment_id=experiment, name="m", source_run_id=run["run_id"], params=[{"key": "k", "value": "v"}])
        model = logged["model"]["info"]["model_id"]
        self.server.done("owner", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run['run_id']}/artifacts/deep/a%20b.txt", data=b"content")
        self.server.done("owner", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{model}/artifacts/MLmodel", data=b"model")
        self.call("registered-models/create", name=MODEL)
        self.call("model-versions/create", name=MODEL, source=f"{run['artifact_uri']}/deep", run_id=run["run_id"])
        self.server.done("owner", "POST", "2.0/mlflow/registered-models/alias", {"name": MODEL, "alias": "best", "version": "1"})
        prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
        self.call("registered-models/create", name="prompt", tags=prompt)
        self.call("model-versions/create", name="prompt", source="prompt-template", tags=[*prompt, {"key": "mlflow.prompt.text", "value": "Why?"}])
        info = {
            "trace_id": "tr-1",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
            "request_time": "2026-01-31T12:00:00Z",
            "execution_duration": "0.5s",
            "state": "OK",
            "request_preview": "なぜ?",
            "tags": {"mlflow.linkedPrompts": json.dumps([{"name": "prompt", "version": "1"}])},
        }
        self.server.done("owner", "POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
        self.call("traces/link-to-run", trace_ids=["tr-1"], run_id=run["run_id"])
        self.server.done("owner", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/traces/tr-1/artifacts/traces.json", data=SPANS)

        picture = Attachment(content_type="image/png", content_bytes=b"picture")
        spoken = f"tr-{uuid.uuid4().hex}"
        inputs = {"mlflow.spanInputs": json.dumps({"image": picture.ref(spoken), "again": picture.ref(spoken)})}
        headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
        self.assertEqual(self.server.call("owner", "POST", "/v1/traces", data=spans(spoken, "root", inputs), headers=headers).status_code, 200)
        beside = f"{experiment}/traces/{spoken}/artifacts/attachments/{picture.id}"
        self.server.done("owner", "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{beside}", data=picture.content_bytes)

        with tempfile.TemporaryDirectory() as folder, told(), patch.object(server, "_PAGE", 1):
            copies = {}
            for all_of_them in (False, True):
                copies[all_of_them] = copy = Path(folder, f"{all_of_them}.db")
                source = ServerSource(self.server.address, all_of_them)
                source.copy(copy)
            files = {}
            for file in source.artifacts():
                with file.open() as stream:
                    files[file.path] = stream.read()
            found = {all_of_them: self.rows(copy, "SELECT run_uuid FROM runs ORDER BY start_time") for all_of_them, copy in copies.items()}
            self.assertEqual(found, {False: [(run["run_id"],)], True: [(run["run_id"],), (deleted,)]})
            self.assertEqual(self.rows(copies[False], "SELECT name FROM experiments ORDER BY experiment_id"), [("Default",), ("first",)])
            stages = self.rows(copy, "SELECT name, lifecycle_stage FROM experiments ORDER BY experiment_id")
            self.assertEqual(stages[1:], [("first", "active"), ("gone", "deleted")])
            largest = 1.7976931348623157e308
            history = self.rows(copy, "SELECT value, is_nan, step, timestamp FROM metrics ORDER BY step")
            self.assertEqual(history, [(0.5, 0, 0, 7), (0.25, 0, 1, 7), (0, 1, 2, 7), (largest, 0, 3, 7)])
            self.assertEqual(self.rows(copy, "SELECT value, step FROM latest_metrics"), [(largest, 3)])
            pairs = "SELECT key, value FROM experiment_tags UNION SELECT key, value FROM params UNION SELECT key, value FROM tags WHERE key = 'empty'"
            self.assertEqual(self.rows(copy, pairs), [("a", "b"), ("empty", ""), ("p", "1")])
            place = f"mlflow-artifacts:/{experiment}"
            inputs = "SELECT d.name, source_type, destination_id, value FROM inputs JOIN datasets d ON source_id = dataset_uuid JOIN input_tags USING (input_uuid)"
            self.assertEqual(self.rows(copy, inputs), [("numbers", "DATASET", run["run_id"], "training")])
            logged = "SELECT name, artifact_location, param_value FROM logged_models JOIN logged_model_params USING (model_id)"
            self.assertEqual(self.rows(copy, logged), [("m", f"{place}/models/{model}/artifacts", "v")])
            address = f"{place}/{run['run_id']}/artifacts/deep"
            versions = self.rows(copy, "SELECT name, source, storage_location FROM model_versions ORDER BY name")
            self.assertEqual(versions, [(MODEL, address, address), ("prompt", "prompt-template", "prompt-template")])
            self.assertEqual(self.rows(copy, "SELECT name, alias, version FROM registered_model_aliases"), [(MODEL, "best", 1)])
            self.assertEqual(self.rows(copy, "SELECT value FROM model_version_tags WHERE key = 'mlflow.prompt.text'"), [("Why?",)])
            trace = "SELECT execution_time_ms, status, request_preview FROM trace_info WHERE request_id = 'tr-1'"
            self.assertEqual(self.rows(copy, trace), [(500, "OK", "なぜ?")])
            links = self.rows(copy, "SELECT source_id, destination_type, destination_id FROM entity_associations ORDER BY destination_type")
            self.assertEqual(links, [("tr-1", "prompt_version", "prompt/1"), ("tr-1", "run", run["run_id"])])
            self.assertEqual(self.rows(copy, "PRAGMA foreign_key_check"), [])
        self.assertEqual(files, {
            f"{experiment}/{run['run_id']}/artifacts/deep/a b.txt": b"content",
            f"{experiment}/models/{model}/artifacts/MLmodel": b"model",
            f"{experiment}/traces/tr-1/artifacts/traces.json": SPANS,
            beside: b"picture",
        })  # fmt: skip

    def test_a_wrong_password(self) -> None:
        with patch.dict("os.environ", MLFLOW_TRACKING_PASSWORD="another one"):
            with self.assertRaisesRegex(Failure, "is answered with 401: .*MLFLOW_TRACKING_PASSWORD"):
                ServerSource(self.server.address, False)


class BrokenServerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(patch.dict("os.environ", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"))

    def serve(self, answer: Callable[[str], tuple[int, str, bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, content = answer(self.path)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[:1000])

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        self.addCleanup(serving.server_close)
        self.addCleanup(serving.shutdown)
        return f"http://127.0.0.1:{serving.server_port}/prefix"

    def test_pages_of_something_else(self) -> None:
        for kind, content in (("text/html", b"<html>"), ("application/json", b"[]")):
            address = self.serve(lambda path, kind=kind, content=content: (200, kind, content))
            problem = f"/prefix/api/2.0/mlflow/experiments/search answers with {kind} in place of JSON: .* lacks its prefix"
            with self.subTest(kind), self.assertRaisesRegex(Failure, problem):
                server.Server(address).check()

    def test_nobody_there(self) -> None:
        nobody = server.Server("http://127.0.0.1:9/")
        with self.assertRaisesRegex(Failure, "^http://127.0.0.1:9 does not answer: POST .*search: .*Connection refused.*Nothing was changed$"):
            nobody.check()
        with self.assertRaises(Failure) as error:
            nobody.get("/runs", run_id=["a" * 32] * 100)
        self.assertLess(len(str(error.exception)), 500)

    def test_an_error_within(self) -> None:
        address = self.serve(lambda path: (500, "application/json", b'{"message": "no disk"}'))
        with self.assertRaisesRegex(server.Broken, "is answered with 500: no disk"):
            server.Server(address).check()
        with self.assertRaisesRegex(Missing, "no disk"):
            server.Server(address).open("/get-artifact")

    def test_the_same_page_for_ever(self) -> None:
        address = self.serve(lambda path: (200, "application/json", b'{"runs": [1], "next_page_token": "a"}'))
        with self.assertRaisesRegex(Failure, "the same page again and again"):
            list(server.Server(address).pages("GET", "/runs", "runs"))

    def test_addresses(self) -> None:
        wrong = {"https://me:secret@host": "has a user name or a password", "http://": "no address", "http://host/?a=b": "no address"}
        for address, problem in wrong.items():
            with self.subTest(address), self.assertRaisesRegex(Failure, problem) as error:
                server.Server(address)
            self.assertNotIn("secret", str(error.exception))
        with self.assertRaisesRegex(Failure, "--artifacts and --artifact-root are for databases"):
            command._source("http://host", Path("/"), None, deleted=False)

    def test_files_that_cannot_be_had_are_told_and_one_that_breaks_off_ends_it(self) -> None:
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

        from mlflow_aspire.importing.source import Artifact

        large = b"x" * 5000
        parts = {"/prefix/whole": (200, "text/plain", b"whole"), "/prefix/gone": (404, "text/plain", b""), "/prefix/broken": (200, "text/plain", large)}
        source = server.Server(self.serve(lambda path: parts[path]))
        files = [Artifact(f"1/run/artifacts/{name}", 5, lambda name=name: source.open(f"/{name}")) for name in ("whole", "gone")]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with patch("mlflow_aspire.stores.opening.open_store", lambda _: LocalArtifactRepository(folder)), told() as said:
            missing = command._store(folder, files)
            with self.assertRaisesRegex(Failure, "the source went away while it was read: .*The database is as it was"):
                command._store(folder, [Artifact("1/run/artifacts/broken", 5000, lambda: source.open("/broken"))])
        self.assertEqual([path for path, _ in missing], ["1/run/artifacts/gone"])
        self.assertIn("artifacts: 1 files", said.getvalue())
        self.assertEqual(Path(folder, "1/run/artifacts/whole").read_bytes(), b"whole")


class TraceFilesTest(unittest.TestCase):
    """Of a trace whose spans are a file that its server keeps elsewhere."""

    def test_spans_are_read_once(self) -> None:
        picture = Attachment(content_type="image/png", content_bytes=b"picture")
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        spans = {"tr-1": f'{{"spans": ["{picture.ref("tr-1")}"]}}'.encode(), "tr-2": b""}
        read = []

        class Source:
            def copy(self, folder: Path, path: str, /, request_id: str) -> Path:
                read.append(request_id)
                copy = folder / request_id
                copy.write_bytes(spans[request_id])
                return copy

            def open(self, path: str, /, **_: object) -> IO[bytes]:
                return io.BytesIO(picture.content_bytes)

        places = [files.of_trace(Source(), trace, f"s3://bucket/{trace}", f"1/traces/{trace}", folder) for trace in spans]  # type: ignore[arg-type]
        with told():
            found = list(files.all_of(places))
        content = {}
        for file in found:
            with file.open() as stream:
                content[file.path] = stream.read()

        self.assertEqual(content, {
            "1/traces/tr-1/traces.json": spans["tr-1"],
            f"1/traces/tr-1/attachments/{picture.id}": picture.content_bytes,
            "1/traces/tr-2/traces.json": b"",
        })  # fmt: skip
        self.assertEqual([file.size for file in found], [len(spans["tr-1"]), len(picture.content_bytes), 0])
        self.assertCountEqual(read, ["tr-1", "tr-2"])


class HistoryTest(unittest.TestCase):
    def test_more_values_than_one_call_gives(self) -> None:
        """And servers without the call for many runs."""
        pages = {"a": [{"key": "m", "value": 1, "timestamp": 1, "step": 0}], "b": [{"key": "m", "value": 2, "timestamp": 1}]}

        class Source:
            def __init__(self, bulk: list | None) -> None:  # type: ignore[type-arg]
                self.bulk = bulk

            def get(self, path: str, /, **_: object) -> dict:  # type: ignore[type-arg]
                if self.bulk is None:
                    raise server.Absent("no such call")
                return {"metrics": self.bulk}

            def pages(self, method: str, path: str, key: str, /, run_id: str, **_: object) -> list:  # type: ignore[type-arg]
                return [pages[run_id]]

        for bulk in (None, [{}] * runs._VALUES):
            found = list(runs._history(Source(bulk), "m", ["a", "b"]))  # type: ignore[arg-type]
            self.assertEqual([(row["run_uuid"], row["value"], row["step"]) for row in found], [("a", 1, 0), ("b", 2, 0)])

    def test_addresses_that_are_elsewhere_stay(self) -> None:
        places = {"s3://bucket/1/run/artifacts": "mlflow-artifacts:/1/run/artifacts"}
        self.assertEqual(models.moved("s3://bucket/1/run/artifacts/model", places), "mlflow-artifacts:/1/run/artifacts/model")
        for address in ("s3://bucket/1/run/artifacts-2", "models:/m-1", "", "/"):
            self.assertEqual(models.moved(address, places), address)
