"""Reports of errors hold no secrets. A server on this machine receives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import brotli
import pytest

from newsroom.error_reports import cleaned, without_secrets
from newsroom.logs import about

PROGRAM = """
import logging
import django
django.setup()
from django.test import Client
from django.urls import path
from newsroom import urls
from newsroom.logs import about

def broken(request, token):
    password = "in a variable"
    raise ValueError(f"No way for ada@news.example, secured: in a message\\nrow (in a row)")

urls.urlpatterns.insert(0, path("broken/<token>/", broken))
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
client.cookies["sessionid"] = "in a cookie"
client.post(
    "/broken/in-a-path/?q=in-a-query",
    {"password": "in a form"},
    headers={"X-Request-ID": "one", "Authorization": "in a header"},
)
with about(unit="two"):
    logging.getLogger("articles").error("It failed for %s, token: %s", "bob@news.example", "in a line")
import sentry_sdk
sentry_sdk.flush(10)
"""


def received() -> tuple[str, list[dict[str, Any]]]:
    """Return what a process sends to the server: all of it, and the events."""
    bodies: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Because Brotli is installed.
            bodies.append(brotli.decompress(body).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ
            | {"SENTRY_DSN": f"http://public@127.0.0.1:{server.server_port}/1"}
            | {"ENV_FILE": "", "DATABASE_URL": "sqlite://:memory:"}
            | {"DJANGO_SETTINGS_MODULE": "newsroom.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for body in bodies for line in body.splitlines()]
    return "".join(bodies), [line for line in lines if "platform" in line]


@pytest.mark.slow
@pytest.mark.once
def test_reports_of_a_process() -> None:
    sent, events = received()
    by_logger = {event.get("logger", ""): event for event in events}
    request, line = (
        by_logger.pop("django.request", None) or by_logger.pop(""),
        by_logger["articles"],
    )
    (error,) = request["exception"]["values"]
    assert (error["type"], error["value"]) == (
        "ValueError",
        "No way for [e-mail], secured=[hidden]",
    )
    assert error["stacktrace"]["frames"][-1]["function"] == "broken"
    assert request["transaction"] == "/broken/{token}/"
    assert request["tags"] == {"request": "one"}
    assert line["logentry"]["message"] == "It failed for [e-mail], token=[hidden]"
    assert line["tags"] == {"unit": "two"}
    for secret in (" a variable", "a message", "a row", "a cookie", "a form", "a header", "a line"):
        assert f"in {secret.strip()}" not in sent, secret
    assert "in-a" not in sent
    assert "@news" not in sent


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("division by zero", "division by zero"),
        ("duplicate key\nDETAIL:  Key (email)=(a@b.example)", "duplicate key"),
        ("write to <a.b+c@news.example>!", "write to <[e-mail]>!"),
        ("'password': 'hunter2', 'b': 1", "'password=[hidden]"),
        ("TOKEN=abc", "TOKEN=[hidden]"),
        (
            "redis://:pass@cache.example:6379/0 refused",
            "redis://[hidden]cache.example:6379/0 refused",
        ),
        ("404 for https://a.example/b?c=d e", "404 for https://a.example/b?[hidden] e"),
        ("x" * 400, "x" * 300),
        ("", ""),
    ],
)
def test_messages(message: str, expected: str) -> None:
    assert without_secrets(message) == expected


def test_only_what_is_named_is_kept() -> None:
    event: Any = {
        "level": "error",
        "user": {"email": "a@b.example"},
        "extra": {"sys.argv": ["x"]},
        "breadcrumbs": {"values": [1]},
        "request": {"method": "GET", "url": "http://a.example/?b", "headers": {}, "env": {}},
        "contexts": {"a": 1},
    }
    with about(run=7):
        assert cleaned(event) == {
            "level": "error",
            "request": {"method": "GET"},
            "tags": {"run": "7"},
        }
