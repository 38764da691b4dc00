"""Lines of the log: in UTC, with the request, the import and the unit of work that they are about.

Text from outside cannot forge a line: its control characters are escaped, in text as in JSON. A few
lines of our own do this; structlog would be a dependency and a second way to log.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from newsroom.client_address import client_address

REQUEST_ID: Final = "X-Request-ID"
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Also what ends a line in some programs, or turns the direction of writing.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_MOST_SQL: Final = 1_000
"""Characters of a slow query."""

_facts: Final[ContextVar[dict[str, Any]]] = ContextVar("facts", default={})  # noqa: B039 - never changed
_access_log: Final = logging.getLogger("newsroom.access")
_slow_log: Final = logging.getLogger("newsroom.slow_queries")


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Add facts to every line that this thread logs during the block. None is left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    token = _facts.set(_facts.get() | known)
    try:
        yield
    finally:
        _facts.reset(token)


def facts() -> dict[str, Any]:
    """Return what the lines of this thread are about."""
    return dict(_facts.get())


def escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class TextFormatter(logging.Formatter):
    """A line for people. A traceback follows it, indented."""

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {name}={escaped(str(value))}" for name, value in _facts.get().items())
        words = f"{record.name}: {record.getMessage()}"
        lines = [f"{_time(record)} {record.levelname}{facts} {escaped(words)}"]
        lines += [f"    {escaped(line)}" for line in _traceback(self, record).split("\n") if line]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """A JSON object on one line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_facts.get(),
        }
        if traceback := _traceback(self, record):
            line["traceback"] = traceback
        return json.dumps(line, default=str)


def formatter() -> logging.Formatter:
    """Return the formatter of LOG_FORMAT, for the lines of the server itself."""
    return JsonFormatter() if settings.LOG_FORMAT == "json" else TextFormatter()


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def request_id(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that gives each request an id, or keeps that of a proxy, and sends it back."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(REQUEST_ID, "")
        own = given if _SAFE_ID.fullmatch(given) else token_hex(8)
        begin = perf_counter()
        with about(request=own):
            response = get_response(request)
            if settings.ACCESS_LOG:
                _log_access(request, response, perf_counter() - begin)
        response[REQUEST_ID] = own
        return response

    return middleware


def _log_access(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    # Links that set a password are secret, and so are queries of readers and of providers.
    path = f"/{match.route}" if match and "token" in match.kwargs else request.path
    with about(
        method=request.method,
        # Percent-encoded, so that a path with spaces cannot look like other facts.
        path=escape_uri_path(path),
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        address=client_address(request),
    ):
        _access_log.info("answered")


def watch_queries(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Log slow queries of a new connection, if SLOW_QUERY_MS is set: a receiver of Django's signal."""
    if settings.SLOW_QUERY_MS and _log_if_slow not in connection.execute_wrappers:
        connection.execute_wrappers.append(_log_if_slow)


def _log_if_slow(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    begin = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        milliseconds = (perf_counter() - begin) * 1000
        if milliseconds >= settings.SLOW_QUERY_MS:
            # Without its parameters, which may be secret.
            query = " ".join(sql.split())[:_MOST_SQL]
            _slow_log.warning("slow query, %d ms: %s", milliseconds, query)
