"""A user without rights tries each way that leads by an own place to somebody else's object."""

import sqlite3
import uuid
from typing import Any, ClassVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from requests import Response
from serving import ServerTest

SECRET = b"the owner's"


def trace_info(experiment: str, trace: str, **fields: Any) -> dict[str, Any]:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    return {"trace": {"trace_info": {"trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "state": "OK", **fields}}}


def spans(trace: str, name: str, attributes: dict[str, str] | None = None) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.name, span.trace_id, span.span_id = name, bytes.fromhex(trace.removeprefix("tr-")), b"12345678"
    span.start_time_unix_nano, span.end_time_unix_nano = 10**18, 10**18 + 1000
    for key, value in (attributes or {}).items():
        span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


class Rights(ServerTest):
    experiment: ClassVar[str]
    own: ClassVar[str]
    their_run: ClassVar[str]
    own_run: ClassVar[str]
    model: ClassVar[str]
    trace: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        done = cls.server.done
        cls.experiment, cls.own = (done(user, "POST", "2.0/mlflow/experiments/create", {"name": user})["experiment_id"] for user in ("owner", "stranger"))
        cls.their_run = cls.new_run("owner", cls.experiment)
        cls.own_run = cls.new_run("stranger", cls.own)
        done("owner", "PUT", f"2.0/mlflow-artifacts/artifacts/{cls.experiment}/{cls.their_run}/artifacts/secret.txt", data=SECRET)
        cls.model = cls.new_model("owner", cls.experiment)
        done("owner", "PUT", f"2.0/mlflow-artifacts/artifacts/{cls.experiment}/models/{cls.model}/artifacts/secret.txt", data=SECRET)
        cls.trace = cls.new_trace("owner", cls.experiment)
        done("owner", "PUT", f"2.0/mlflow-artifacts/artifacts/{cls.experiment}/traces/{cls.trace}/artifacts/traces.json", data=b'{"spans": []}')
        done("stranger", "POST", "2.0/mlflow/registered-models/create", {"name": "strangers"})

    @classmethod
    def new_run(cls, user: str, experiment: str) -> str:
        return cls.server.done(user, "POST", "2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]

    @classmethod
    def new_model(cls, user: str, experiment: str) -> str:
        return cls.server.done(user, "POST", "2.0/mlflow/logged-models", {"experiment_id": experiment, "name": "m"})["model"]["info"]["model_id"]

    @classmethod
    def new_trace(cls, user: str, experiment: str) -> str:
        trace = f"tr-{uuid.uuid4().hex}"
        cls.server.done(user, "POST", "3.0/mlflow/traces", trace_info(experiment, trace))
        return trace

    def export(self, user: str, experiment: str, body: bytes, **headers: str) -> Response:
        headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment, **headers}
        return self.server.call(user, "POST", "/v1/traces", data=body, headers=headers)

    def refused(self, answer: Response) -> None:
        self.assertIn(answer.status_code, (400, 403, 404), answer.text)
        self.assertNotIn(SECRET.decode(), answer.text)
        self.assertNotIn("Traceback", answer.text)

    def test_a_version_of_a_model_has_no_foreign_source(self) -> None:
        destination = self.server.artifacts
        folder = f"{self.experiment}/{self.their_run}/artifacts"
        for source in (
            "wasbs://mlflow@store.blob.core.windows.net/" + folder,
            "s3://bucket/" + folder,
            "gs://bucket/" + folder,
            "abfss://mlflow@store.dfs.core.windows.net/" + folder,
            "dbfs:/" + folder,
            f"{destination}/{folder}",
            f"file://{destination}/{folder}",
            f"mlflow-artifacts:/{folder}",
            f"mlflow-artifacts://127.0.0.1/{folder}",
            f"{self.server.address}/api/2.0/mlflow-artifacts/artifacts/{folder}",
            f"runs:/{self.their_run}/",
            f"runs:/{self.own_run}/../../../{folder}",
            f"models:/{self.model}",
            f"mlflow-artifacts:/{self.own}/{self.own_run}/artifacts/../../../{folder}",
            f"mlflow-artifacts:/{self.own}/{self.own_run}/artifacts/%2e%2e/%2e%2e/%2e%2e/{folder}",
            f"mlflow-artifacts:/{self.own}/{self.own_run}/artifacts/..%5c..%5c..%5c{folder}",
        ):
            for lineage in ({}, {"run_id": self.own_run}, {"run_id": self.their_run}, {"model_id": self.model}):
                with self.subTest(source=source, lineage=lineage):
                    self.refused(self.server.call("stranger", "POST", "2.0/mlflow/model-versions/create", {"name": "strangers", "source": source, **lineage}))

    def test_a_version_has_a_source_of_ones_own(self) -> None:
        for source in (f"runs:/{self.own_run}/model", f"mlflow-artifacts:/{self.own}/{self.own_run}/artifacts/model"):
            version = {"name": "strangers", "source": source, "run_id": self.own_run}
            self.server.done("stranger", "POST", "2.0/mlflow/model-versions/create", version)

    def test_a_trace_stays_where_it_is(self) -> None:
        self.refused(self.server.call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, self.trace)))
        self.refused(self.server.call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.experiment, self.trace, tags={"a": "b"})))
        info = self.server.done("owner", "GET", f"3.0/mlflow/traces/{self.trace}")["trace"]["trace_info"]
        self.assertEqual(info["trace_location"]["mlflow_experiment"]["experiment_id"], self.experiment)
        self.assertNotIn("a", info["tags"])

    def test_spans_of_a_trace_stay_as_they_are(self) -> None:
        trace = f"tr-{uuid.uuid4().hex}"
        self.assertEqual(self.export("owner", self.experiment, spans(trace, "the owner's")).status_code, 200)
        self.refused(self.export("stranger", self.own, spans(trace, "forged")))
        self.refused(self.export("stranger", self.own, spans(trace, "forged"), **{"x-mlflow-run-id": self.own_run}))
        content = self.server.done("owner", "GET", f"3.0/mlflow/traces/get?trace_id={trace}")
        self.assertEqual([span["name"] for span in content["trace"]["spans"]], ["the owner's"])

    def test_spans_are_linked_with_a_run_of_their_experiment(self) -> None:
        trace = f"tr-{uuid.uuid4().hex}"
        self.refused(self.export("stranger", self.own, spans(trace, "mine"), **{"x-mlflow-run-id": self.their_run}))
        self.assertEqual(self.server.call("stranger", "GET", f"3.0/mlflow/traces/{trace}").status_code // 100, 4, "it was stored")
        self.assertEqual(self.export("stranger", self.own, spans(trace, "mine"), **{"x-mlflow-run-id": self.own_run}).status_code, 200)

    def test_tags_that_name_a_place_are_the_servers(self) -> None:
        place = f"mlflow-artifacts:/{self.experiment}/traces/{self.trace}/artifacts"
        trace = self.new_trace("stranger", self.own)
        for key, value in (("mlflow.artifactLocation", place), ("mlflow.trace.archiveLocation", place), ("mlflow.trace.spansLocation", "ARCHIVE_REPO")):
            new = f"tr-{uuid.uuid4().hex}"
            call, tag = self.server.call, {"key": key, "value": value}
            v2 = {"experiment_id": self.own, "timestamp_ms": 1, "tags": [tag]}
            for answer in (
                call("stranger", "PATCH", f"2.0/mlflow/traces/{trace}/tags", tag),
                call("stranger", "PATCH", f"3.0/mlflow/traces/{trace}/tags", tag),
                call("stranger", "PATCH", f"/ajax-api/3.0/mlflow/traces/{trace}/tags", tag),
                call("stranger", "DELETE", f"3.0/mlflow/traces/{trace}/tags", {"key": key}),
                call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, new, tags={key: value})),
                call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, trace, tags={key: value})),
                call("stranger", "POST", "2.0/mlflow/traces", v2),
                call("stranger", "PATCH", f"2.0/mlflow/traces/{trace}", {"timestamp_ms": 2, "status": "OK", "tags": [tag]}),
            ):
                with self.subTest(key=key, call=f"{answer.request.method} {answer.request.path_url}"):
                    self.refused(answer)
            for exported in (new, trace):
                self.export("stranger", self.own, spans(exported, "mine", {f"mlflow.traceTag.{key}": value}))
                tags = self.server.done("stranger", "GET", f"3.0/mlflow/traces/{exported}")["trace"]["trace_info"]["tags"]
                self.assertNotEqual(tags.get(key), value)
        answer = self.server.call("stranger", "GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace}")
        self.assertNotIn(SECRET.decode(), answer.text)

    def test_a_tag_that_an_import_brings_leads_nowhere(self) -> None:
        trace = self.new_trace("stranger", self.own)
        place = f"mlflow-artifacts:/{self.experiment}/traces/{self.trace}/artifacts"
        with sqlite3.connect(self.server.folder / "runs.db") as database:
            database.execute("UPDATE trace_tags SET value = ? WHERE request_id = ? AND key = 'mlflow.artifactLocation'", (place, trace))
        for version in ("2.0", "3.0"):
            answer = self.server.call("stranger", "GET", f"/ajax-api/{version}/mlflow/get-trace-artifact?request_id={trace}")
            self.assertEqual(answer.status_code, 400, answer.text)
            self.assertIn("which is not its folder in its experiment", answer.text)

    def test_an_id_of_a_trace_leads_nowhere(self) -> None:
        for trace in (f"../{self.their_run}", f"..%2f{self.their_run}", "a/b", "a\\b", "..", "tr\u0000", "x" * 300, ""):
            with self.subTest(trace):
                self.refused(self.server.call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, trace)))

    def test_an_experiment_is_in_the_store_of_the_server(self) -> None:
        folder = f"{self.experiment}/{self.their_run}/artifacts"
        for location in (
            "wasbs://mlflow@store.blob.core.windows.net/" + folder,
            "s3://bucket",
            "gs://bucket",
            "hdfs://127.0.0.1/x",
            "ftp://127.0.0.1/x",
            "http://169.254.169.254/metadata",
            "dbfs:/x",
            "/etc",
            "file:///etc",
            "etc",
            str(self.server.artifacts),
            "mlflow-artifacts://127.0.0.1:5000/x",
            "mlflow-artifacts:/a/../b",
            "mlflow-artifacts:/a/%2e%2e/b",
            "mlflow-artifacts:/a\\b",
            "mlflow-artifacts:/a?b",
            "mlflow-artifacts:/a#b",
            f"mlflow-artifacts:/{self.experiment}",
            f"mlflow-artifacts:/{folder}",
        ):
            with self.subTest(location):
                self.refused(self.server.call("stranger", "POST", "2.0/mlflow/experiments/create", {"name": location, "artifact_location": location}))
        self.server.done("stranger", "POST", "2.0/mlflow/experiments/create", {"name": "named", "artifact_location": "mlflow-artifacts:/team/named"})

    def test_links_need_rights_on_both_ends(self) -> None:
        call = self.server.call
        mine = self.new_trace("stranger", self.own)
        model = self.new_model("stranger", self.own)
        for path, body in (
            ("2.0/mlflow/traces/link-to-run", {"run_id": self.own_run, "trace_ids": [self.trace]}),
            ("2.0/mlflow/traces/link-to-run", {"runId": self.own_run, "traceIds": [self.trace]}),
            ("2.0/mlflow/traces/link-to-run", {"run_id": self.their_run, "trace_ids": [mine]}),
            ("2.0/mlflow/runs/log-inputs", {"run_id": self.own_run, "models": [{"model_id": self.model}]}),
            ("2.0/mlflow/runs/log-inputs", {"run_id": self.own_run, "models": [{"modelId": self.model}]}),
            ("2.0/mlflow/runs/outputs", {"run_id": self.own_run, "models": [{"model_id": self.model, "step": 0}]}),
            ("2.0/mlflow/runs/log-metric", {"run_id": self.own_run, "key": "a", "value": 1, "timestamp": 1, "model_id": self.model}),
            ("2.0/mlflow/runs/log-batch", {"run_id": self.own_run, "metrics": [{"key": "a", "value": 1, "timestamp": 1, "model_id": self.model}]}),
            ("2.0/mlflow/logged-models", {"experiment_id": self.own, "name": "m", "source_run_id": self.their_run}),
            ("2.0/mlflow/logged-models", {"experimentId": self.own, "name": "m", "sourceRunId": self.their_run}),
            ("3.0/mlflow/issues", {"experiment_id": self.own, "name": "i", "description": "d", "source_run_id": self.their_run}),
        ):
            with self.subTest(path=path, body=body):
                self.refused(call("stranger", "POST", path, body))
        for path, body in (
            ("2.0/mlflow/traces/link-to-run", {"run_id": self.own_run, "trace_ids": [mine]}),
            ("2.0/mlflow/runs/log-inputs", {"run_id": self.own_run, "models": [{"model_id": model}]}),
            ("2.0/mlflow/logged-models", {"experiment_id": self.own, "name": "m", "source_run_id": self.own_run}),
        ):
            self.server.done("stranger", "POST", path, body)

    def test_an_assessment_belongs_to_the_trace_of_its_address(self) -> None:
        mine = self.new_trace("stranger", self.own)
        source = {"source_type": "HUMAN", "source_id": "me"}
        assessment = {"assessment_name": "forged", "trace_id": self.trace, "source": source, "feedback": {"value": True}}
        self.server.call("stranger", "POST", f"3.0/mlflow/traces/{mine}/assessments", {"assessment": assessment})
        self.server.call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, f"tr-{uuid.uuid4().hex}", assessments=[assessment]))
        theirs = self.server.done(
            "owner", "POST", f"3.0/mlflow/traces/{self.trace}/assessments", {"assessment": {**assessment, "assessment_name": "genuine", "trace_id": self.trace}}
        )["assessment"]
        forged = {**assessment, "trace_id": mine, "assessment_id": theirs["assessment_id"]}
        self.server.call("stranger", "POST", f"3.0/mlflow/traces/{mine}/assessments", {"assessment": forged})
        self.server.call("stranger", "POST", "3.0/mlflow/traces", trace_info(self.own, mine, assessments=[forged]))
        self.refused(self.server.call("stranger", "PATCH", f"3.0/mlflow/traces/{mine}/assessments/{theirs['assessment_id']}", {"assessment": forged, "update_mask": "assessmentName"}))
        assessments = self.server.done("owner", "GET", f"3.0/mlflow/traces/{self.trace}")["trace"]["trace_info"]["assessments"]
        self.assertEqual([found["assessment_name"] for found in assessments], ["genuine"])

    def test_nothing_is_read_by_name(self) -> None:
        call, folder = self.server.call, f"{self.experiment}/{self.their_run}/artifacts"
        query = "query($run: String!) { mlflowListArtifacts(input: {runId: $run}) { files { path } } }"
        for method, path, body in (
            ("GET", f"2.0/mlflow-artifacts/artifacts/{folder}/secret.txt", None),
            ("GET", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{folder}/secret.txt", None),
            ("PUT", f"2.0/mlflow-artifacts/artifacts/{folder}/secret.txt", None),
            ("DELETE", f"2.0/mlflow-artifacts/artifacts/{folder}/secret.txt", None),
            ("GET", f"2.0/mlflow-artifacts/artifacts?path={folder}", None),
            ("GET", f"2.0/mlflow-artifacts/presigned/{folder}/secret.txt", None),
            ("POST", f"2.0/mlflow-artifacts/mpu/create/{folder}", {"path": "secret.txt", "num_parts": 1}),
            ("POST", f"2.0/mlflow-artifacts/mpu/complete/{folder}", {"path": "secret.txt", "parts": []}),
            ("POST", f"2.0/mlflow-artifacts/mpu/abort/{folder}", {"path": "secret.txt"}),
            ("GET", f"2.0/mlflow-artifacts/artifacts/{self.own}%2f..%2f{folder}/secret.txt", None),
            ("GET", f"2.0/mlflow-artifacts/artifacts/%25{ord(self.experiment[0]):x}/{self.their_run}/artifacts/secret.txt", None),
            ("GET", f"/get-artifact?run_id={self.their_run}&path=secret.txt", None),
            ("GET", f"/get-artifact?run_uuid={self.their_run}&path=secret.txt", None),
            ("GET", f"/get-artifact?run_id={self.own_run}&run_uuid={self.their_run}&path=secret.txt", None),
            ("GET", f"/get-artifact?run_uuid={self.own_run}&run_id={self.their_run}&path=secret.txt", None),
            ("GET", f"/get-artifact?run_id={self.own_run}&path=..%2f..%2f..%2f{folder}%2fsecret.txt", None),
            ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={self.their_run}&path=forged.txt", {"a": 1}),
            ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={self.their_run}&run_id={self.own_run}&path=forged.txt", {"a": 1}),
            ("GET", f"2.0/mlflow/artifacts/list?run_id={self.their_run}", None),
            ("GET", f"2.0/mlflow/artifacts/list?run_id={self.own_run}&run_uuid={self.their_run}", None),
            ("GET", f"/ajax-api/2.0/mlflow/logged-models/{self.model}/artifacts/files?artifact_file_path=secret.txt", None),
            ("GET", f"2.0/mlflow/logged-models/{self.model}/artifacts/directories", None),
            ("GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={self.trace}", None),
            ("GET", f"/ajax-api/3.0/mlflow/get-trace-artifact?request_id={self.trace}", None),
            ("GET", f"3.0/mlflow/traces/get?trace_id={self.trace}", None),
            ("GET", f"3.0/mlflow/traces/batchGet?trace_ids={self.trace}", None),
            ("POST", "3.0/mlflow/traces/batchGetInfos", {"trace_ids": [self.trace]}),
            ("GET", f"2.0/mlflow/get-online-trace-details?trace_id={self.trace}", None),
            ("POST", "2.0/mlflow/artifacts/presigned-upload-url", {"run_id": self.their_run, "path": "a"}),
            ("POST", "2.0/mlflow/artifacts/presigned-upload-url", {"model_id": self.model, "path": "a"}),
            ("POST", "2.0/mlflow/artifacts/presigned-download-url", {"run_id": self.their_run, "path": "a"}),
            ("POST", "2.0/mlflow/traces/delete-traces", {"experiment_id": self.own, "request_ids": [self.trace]}),
            ("POST", "/ajax-api/3.0/mlflow/genai/evaluate/invoke", {"experiment_id": self.own, "trace_ids": [self.trace], "serialized_scorers": []}),
            ("POST", "/ajax-api/3.0/mlflow/issues/invoke", {"experiment_id": self.own, "trace_ids": [self.trace], "categories": [], "provider": "openai", "model": "a"}),
            ("POST", "/ajax-api/3.0/mlflow/scorer/invoke", {"experiment_id": self.own, "trace_ids": [self.trace], "serialized_scorer": "{}"}),
            ("POST", "/graphql", {"query": query, "variables": {"run": self.their_run}}),
        ):
            with self.subTest(call=f"{method} {path}"):
                answer = call("stranger", method, path, body, **({"data": b"forged"} if method == "PUT" else {}))
                self.assertNotIn(SECRET.decode(), answer.text)
                if path == "/graphql":
                    self.assertNotIn("secret.txt", answer.text)
                elif "delete-traces" in path:
                    self.assertEqual(answer.json().get("traces_deleted", 0), 0)
                else:
                    self.assertIn(answer.status_code, (400, 403, 404, 501), answer.text)
        self.assertEqual((self.server.artifacts / folder / "secret.txt").read_bytes(), SECRET)
        self.server.done("owner", "GET", f"3.0/mlflow/traces/{self.trace}")


class BasicAuthRights(Rights):
    sign_in = "basic"


class OidcRights(Rights):
    sign_in = "oidc"


# What is left in the module is run.
del Rights
