"""A collector of OpenTelemetry, and an Application Insights, that takes all and keeps nothing."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What Application Insights answers; of a collector the status says it all.
_ANSWER = b'{"itemsReceived": 0, "itemsAccepted": 0, "errors": []}'


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        pass


ThreadingHTTPServer(("", 4318), Collector).serve_forever()
