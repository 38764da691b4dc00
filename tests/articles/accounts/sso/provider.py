"""An OpenID Connect provider on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT: Final = ("newsroom", "a secret of the client")
KEY: Final = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "one"})


class Provider(ThreadingHTTPServer):
    """Signs in whoever comes as ``person``, unless it is made to fail."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.reset()

    def reset(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "1",
            "preferred_username": "ada",
            "email": "ada@news.example",
            "email_verified": True,
            "groups": ["desk"],
        }
        self.claims: dict[str, Any] = {}
        """What the token says differently."""
        self.about: dict[str, Any] = {}
        """What the page about the user says differently."""
        self.key = KEY
        self.is_down = False
        self.codes: dict[str, dict[str, str]] = {}

    def answer(self, path: str, query: dict[str, str], form: dict[str, str]) -> Any:
        """Return a document, or the address to go to."""
        match path:
            case "/.well-known/openid-configuration":
                places = {
                    "authorization_endpoint": "authorize",
                    "token_endpoint": "token",
                    "userinfo_endpoint": "userinfo",
                    "jwks_uri": "jwks",
                }
                return {"issuer": self.url} | {
                    name: f"{self.url}/{place}" for name, place in places.items()
                }
            case "/jwks":
                return {"keys": [KEY.as_dict(private=False) | {"alg": "RS256"}]}
            case "/authorize":
                code = f"code-{len(self.codes)}"
                self.codes[code] = query
                back = {"code": code, "state": query["state"]}
                return f"{query['redirect_uri']}?{urlencode(back)}"
            case "/token":
                return self._token(form)
            case "/userinfo":
                return self.person | self.about
        return None

    def _token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"], None)
        proof = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or (form["client_id"], form["client_secret"]) != CLIENT
            or form["redirect_uri"] != asked["redirect_uri"]
            or base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT[0], "iat": now, "exp": now + 60}
        token = jwt.encode(
            {"alg": "RS256", "kid": "one"}, claims | self.person | self.claims, self.key
        )
        return {"access_token": "access", "token_type": "Bearer", "id_token": token}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(_flat(body))

    def _answer(self, form: dict[str, str]) -> None:
        address = urlsplit(self.path)
        found = self.server.answer(address.path, _flat(address.query), form)
        if self.server.is_down or found is None:
            self.send_error(500)
        elif isinstance(found, str):
            self.send_response(302)
            self.send_header("Location", found)
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        pass


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def serving() -> Iterator[Provider]:
    with Provider() as provider:
        thread = threading.Thread(target=provider.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()
