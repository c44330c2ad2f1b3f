"""What the stand-ins of Azure's services have in common: answers in JSON, and the certificate of the test."""

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class JsonHandler(BaseHTTPRequestHandler):
    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tls/certificate.pem", "/tls/key.pem")
    return context


def serve(handler: type[JsonHandler]) -> None:
    """Serves HTTPS until the end."""
    server = ThreadingHTTPServer(("", 443), handler)
    server.socket = tls().wrap_socket(server.socket, server_side=True)
    server.serve_forever()
