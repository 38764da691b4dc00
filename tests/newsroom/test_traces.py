"""Traces of requests, as a collector on this machine receives them."""

from __future__ import annotations

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROGRAM = """
import django
django.setup()
from django.core.cache import cache
from django.test import Client
from django.urls import path
from newsroom import urls

def broken(request, token):
    cache.get("in a key")
    raise ValueError("in a message")

urls.urlpatterns.insert(0, path("broken/<token>/", broken))
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
client.post("/broken/in-a-path/?q=in-a-query", headers={"X-Request-ID": "one", "User-Agent": "in-a-header"})
cache.get("outside")
"""


@pytest.mark.slow
@pytest.mark.once
def test_of_a_process() -> None:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}/",
            "ENV_FILE": "",
            "DATABASE_URL": "sqlite://:memory:",
            # Nobody listens there, which does not matter to the site.
            "CACHE_URL": "redis://127.0.0.1:1/0",
            "DJANGO_SETTINGS_MODULE": "newsroom.settings",
        }
        command = [sys.executable, "-c", PROGRAM]
        subprocess.run(command, env=os.environ | variables, capture_output=True, check=True)
        server.shutdown()
    (body,) = bodies
    assert b"in-a" not in body
    assert b"in a" not in body
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    spans = {span.name: span for one in sent.scope_spans for span in one.spans}
    request, command_to_redis = spans["POST broken/<token>/"], spans["GET"]
    assert len(spans) == 2
    assert command_to_redis.parent_span_id == request.span_id
    found = {one.key: one.value for one in request.attributes}
    assert found["request.id"].string_value == "one"
    assert found["http.status_code"].int_value == 500
    assert "service.name" in {one.key for one in sent.resource.attributes}
