"""What Azure puts around a container: the endpoint of its managed identity, Application Insights, and an ingress that ends TLS.

Tokens, secrets and names come from the environment. What is asked for is written to standard output, a line each.
"""

import asyncio
import gzip
import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKENS = {"https://ossrdbms-aad.database.windows.net": os.environ["DATABASE_TOKEN"], "https://storage.azure.com": os.environ["STORAGE_TOKEN"]}


class Platform(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        token = TOKENS.get(query.get("resource", "").rstrip("/"))
        known = self.headers.get("X-IDENTITY-HEADER") == os.environ["IDENTITY_HEADER"] and query.get("client_id") == os.environ["CLIENT_ID"]
        if not token or not known:
            print(f"refused: {self.path}", flush=True)
            self.answer(400, {"error": "invalid_request", "error_description": "no such identity or resource"})
            return
        print(f"token for {query['resource']}", flush=True)
        self.answer(200, {"access_token": token, "expires_on": str(int(time.time()) + 86400), "resource": query["resource"], "token_type": "Bearer"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        items = json.loads(body)
        for item in items:
            data = item["data"]
            print(f"telemetry {data['baseType']} of {item.get('tags', {}).get('ai.cloud.role')}: {data['baseData'].get('name', '')}", flush=True)
        self.answer(200, {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        upstream = await asyncio.open_connection("mlflow", 5000)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, upstream[1]), copy(upstream[0], writer))


async def ingress() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tls/certificate.pem", "/tls/key.pem")
    async with await asyncio.start_server(forward, port=443, ssl=context) as server:
        await server.serve_forever()


threading.Thread(target=ThreadingHTTPServer(("", 80), Platform).serve_forever, daemon=True).start()
asyncio.run(ingress())
