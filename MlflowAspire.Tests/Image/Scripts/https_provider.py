"""An AI provider with OpenAI's interface and a certificate of its own: it judges all that it is asked about, and tells with which key it was asked."""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        judgement = json.dumps({"result": "yes", "rationale": self.headers.get("Authorization", "no key")})
        answer = json.dumps({
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "judge",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": judgement}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


folder, port = sys.argv[1], int(sys.argv[2])
server = ThreadingHTTPServer(("", port), Provider)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
