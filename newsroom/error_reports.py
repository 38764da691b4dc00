"""Reports of errors to Sentry, or a server that speaks its protocol. Loaded only with SENTRY_DSN.

A report has where an error happened and the ids of the log, and nothing about people: no request
body, query, header, cookie, variable or e-mail address, and of messages only the first line, because
databases put whole rows into the next ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import ignore_logger

from newsroom import __version__, logs

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_KEPT: Final = (
    "environment",
    "event_id",
    "exception",
    "fingerprint",
    "level",
    "logger",
    "platform",
    "release",
    "sdk",
    "server_name",
    "timestamp",
    "transaction",
)
_LONGEST: Final = 300
"""Characters of a message."""
_EMAIL: Final = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+")
_SECRET: Final = re.compile(
    r"""(?ix) \b (password|passwd|secured|secret|token|key|authorization|dsn) \b ["']? \s* [:=] .* """
)
_IN_URL: Final = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*@|(?<=\?)\S+")
"""The password of a URL, and its query."""


def start() -> None:
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=__version__,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False)
        ],
        auto_enabling_integrations=False,
        before_send=cleaned,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
    )
    # Anybody can cause these.
    ignore_logger("django.security.DisallowedHost")


def cleaned(event: Event, hint: Hint | None = None) -> Event:
    """Return what may leave this machine."""
    found: Any = event
    kept: Any = {name: found[name] for name in _KEPT if name in found}
    for one in kept.get("exception", {}).get("values", []):
        one["value"] = without_secrets(str(one.get("value") or ""))
        for frame in one.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    if entry := found.get("logentry"):
        kept["logentry"] = {"message": without_secrets(entry.get("formatted") or entry["message"])}
    if method := found.get("request", {}).get("method"):
        kept["request"] = {"method": method}
    kept["tags"] = {name: str(value) for name, value in logs.facts().items()}
    return cast("Event", kept)


def without_secrets(message: str) -> str:
    first = message.strip().partition("\n")[0]
    first = _IN_URL.sub("[hidden]", first)
    first = _EMAIL.sub("[e-mail]", first)
    return _SECRET.sub(r"\1=[hidden]", first)[:_LONGEST]
