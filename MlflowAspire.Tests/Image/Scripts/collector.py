"""A collector of OpenTelemetry: writes the spans and metrics that it gets to standard output, a line each."""

import gzip
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            tell_spans(ExportTraceServiceRequest.FromString(body))
        elif self.path == "/v1/metrics":
            tell_metrics(ExportMetricsServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def tell_spans(request: ExportTraceServiceRequest) -> None:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                print(f"span {'of another' if span.parent_span_id else 'root'}: {span.name}", flush=True)


def tell_metrics(request: ExportMetricsServiceRequest) -> None:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    print(f"metric {metric.name}: {attributes(point.attributes)}", flush=True)


def attributes(pairs: list[KeyValue]) -> str:
    return " ".join(sorted(f"{pair.key}={getattr(pair.value, pair.value.WhichOneof('value'))}" for pair in pairs))


ThreadingHTTPServer(("", 4318), Collector).serve_forever()
