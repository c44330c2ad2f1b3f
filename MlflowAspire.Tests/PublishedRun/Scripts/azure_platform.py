"""What a Container Apps environment puts around a container: the endpoint of its managed identity, and an ingress that ends TLS.

Tokens, secrets and names come from the environment. What is asked for is written to standard output, a line each.
"""

import asyncio
import os
import threading
import time
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from services import JsonHandler, tls

TOKENS = {
    "https://ossrdbms-aad.database.windows.net": os.environ["DATABASE_TOKEN"],
    "https://storage.azure.com": os.environ["STORAGE_TOKEN"],
    "https://vault.azure.net": os.environ["VAULT_TOKEN"],
}


class Identity(JsonHandler):
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
    async with await asyncio.start_server(forward, port=443, ssl=tls()) as server:
        await server.serve_forever()


threading.Thread(target=ThreadingHTTPServer(("", 42356), Identity).serve_forever, daemon=True).start()
asyncio.run(ingress())
