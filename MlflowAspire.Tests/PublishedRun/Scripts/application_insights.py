"""Application Insights, as far as telemetry is sent to it. A line of standard output tells of each item."""

import gzip
import json

from services import JsonHandler, serve


class Ingestion(JsonHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        items = json.loads(body)
        for item in items:
            data = item["data"]
            print(f"telemetry {data['baseType']} of {item.get('tags', {}).get('ai.cloud.role')}: {data['baseData'].get('name', '')}", flush=True)
        self.answer(200, {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})


serve(Ingestion)
