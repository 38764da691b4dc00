"""Lines of the log. ``test_faults.py`` looks at those of a server."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from io import StringIO
from itertools import count
from pathlib import Path
from secrets import token_hex

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from articles import tasks
from articles.importing import Report
from articles.importing import run as run_import
from articles.newsdesk import moments
from newsroom import logs
from newsroom.logs import JsonFormatter, TextFormatter, about
from tests.articles.samples import document, put
from tests.factories import make_article
from tests.test_settings import manage, site  # noqa: F401 - a fixture

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")
FORGED = "2026-01-01T00:00:00.000Z CRITICAL newsroom: all is lost"
HOSTILE = [
    f"a\n{FORGED}",
    f"a\r\n{FORGED}",
    f"a\r{FORGED}",
    f"a\x0b{FORGED}",
    f"a\x85{FORGED}",
    f"a\u2028{FORGED}",
    "a\x1b[2J\x1b[1;1Hb",
    "a\x9b2Jb",
    "a\u202eb",
    "a\0b",
]
log = logging.getLogger("tests.logs")


class Lines:
    """What a formatter writes of everything that is logged."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self.stream = StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(formatter)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def objects(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.text.splitlines()]


def lines_of(formatter: logging.Formatter) -> Iterator[Lines]:
    lines = Lines(formatter)
    root = logging.getLogger()
    root.addHandler(lines.handler)
    yield lines
    root.removeHandler(lines.handler)


@pytest.fixture
def text() -> Iterator[Lines]:
    yield from lines_of(TextFormatter())


@pytest.fixture
def objects() -> Iterator[Lines]:
    yield from lines_of(JsonFormatter())


def fail(words: str) -> None:
    try:
        raise ValueError(words)
    except ValueError:
        log.exception("it failed: %s", words)


class TestText:
    def test_line(self, text: Lines) -> None:
        with about(request="abc", run=None):
            log.warning("%d documents", 7)
        assert LINE.sub("", text.text) == "WARNING request=abc tests.logs: 7 documents\n"

    def test_is_in_utc(self) -> None:
        record = logging.LogRecord("a", logging.INFO, "", 1, "b", None, None)
        record.created = 1_767_225_600.5
        assert TextFormatter().format(record) == "2026-01-01T00:00:00.500Z INFO a: b"

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_nobody_can_forge_a_line(self, hostile: str, text: Lines) -> None:
        log.warning("refused %s", hostile)
        with about(request=hostile):
            log.warning("refused")
        fail(hostile)
        # Also as programs see lines that know more ends of lines.
        for line in text.text.splitlines():
            assert LINE.match(line) or line.startswith("    ")
            assert not line.startswith(FORGED)
            assert line.isprintable()
        assert len([line for line in text.text.split("\n") if LINE.match(line)]) == 3

    def test_traceback_is_indented(self, text: Lines) -> None:
        fail("no")
        first, *rest = text.text.splitlines()
        assert first.endswith("ERROR tests.logs: it failed: no")
        assert rest[0] == "    Traceback (most recent call last):"
        assert rest[-1] == "    ValueError: no"


class TestJson:
    def test_object(self, objects: Lines) -> None:
        with about(request="abc"):
            log.warning("%d documents", 7)
        (line,) = objects.objects
        assert LINE.match(line.pop("time") + " ")
        assert line == {
            "level": "WARNING",
            "logger": "tests.logs",
            "message": "7 documents",
            "request": "abc",
        }

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_nobody_can_forge_a_line(self, hostile: str, objects: Lines) -> None:
        log.warning("refused %s", hostile)
        fail(hostile)
        assert objects.text.count("\n") == 2
        assert objects.text.replace("\n", "").isprintable()
        assert [one["message"] for one in objects.objects] == [
            f"refused {hostile}",
            f"it failed: {hostile}",
        ]
        assert "Traceback" in objects.objects[1]["traceback"]


class TestRequestId:
    @pytest.fixture(autouse=True)
    def own_ids(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Undo what ``conftest.py`` does for other tests."""
        monkeypatch.setattr(logs, "token_hex", token_hex)

    def ask(self, **headers: str) -> HttpResponse:
        def view(request: HttpRequest) -> HttpResponse:
            log.warning("asked")
            return HttpResponse()

        request = RequestFactory().get(
            "/", headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return logs.request_id(view)(request)

    @pytest.mark.parametrize("own", ["a", "7f3c-a.b_c:d", "x" * 64])
    def test_safe_ones_are_kept(self, own: str, text: Lines) -> None:
        assert self.ask(X_Request_ID=own)["X-Request-ID"] == own
        assert f" request={own} " in text.text

    @pytest.mark.parametrize("own", ["", "x" * 65, "a b", "a\nb", "ä", "a=b", "<b>", "a\x1b[2J"])
    def test_others_are_made(self, own: str, text: Lines) -> None:
        made = self.ask(X_Request_ID=own)["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{16}", made)
        assert f" request={made} " in text.text

    def test_ends_with_the_request(self, text: Lines) -> None:
        self.ask()
        log.warning("later")
        assert "request=" not in text.text.splitlines()[-1]

    @pytest.mark.django_db
    def test_pages_from_the_cache_have_their_own(self, client: Client) -> None:
        make_article(published=True, heat=80)
        ids = {client.get("/")["X-Request-ID"] for _ in range(3)}
        assert len(ids) == 3


@pytest.mark.django_db
class TestAccess:
    @pytest.fixture(autouse=True)
    def on(self, settings: Settings) -> None:
        settings.ACCESS_LOG = True

    def lines(self, text: Lines) -> list[str]:
        return [line for line in text.text.splitlines() if "newsroom.access" in line]

    def test_line_of_each_request(self, client: Client, text: Lines) -> None:
        make_article(published=True, heat=80)
        # The second page comes from the cache.
        for _ in range(2):
            client.get("/", {"q": "private"}, headers={"X-Request-ID": "own"})
        found = [re.sub(r"ms=[\d.]+ ", "", LINE.sub("", line)) for line in self.lines(text)]
        assert (
            found
            == [
                "INFO request=own method=GET path=/ status=200 address=127.0.0.1 newsroom.access: answered"
            ]
            * 2
        )

    def test_as_json(self, client: Client, objects: Lines) -> None:
        client.post("/nothing here status=200/")
        (line,) = map(json.loads, self.lines(objects))
        assert line["path"] == "/nothing%20here%20status%3D200/"
        assert (line["method"], line["status"], line["address"]) == ("POST", 404, "127.0.0.1")
        assert line["ms"] > 0

    def test_without_links_that_set_a_password(self, client: Client, text: Lines) -> None:
        client.get("/admin/password/MQ/abcdef-secret/")
        (line,) = self.lines(text)
        assert "secret" not in line
        assert " path=/admin/password/%3Cuidb64%3E/%3Ctoken%3E/ " in line

    def test_off_by_default(self, client: Client, text: Lines, settings: Settings) -> None:
        settings.ACCESS_LOG = False
        client.get("/healthz")
        assert not self.lines(text)


@pytest.mark.django_db
class TestWork:
    def test_lines_name_the_import(
        self, tmp_path: Path, text: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, "a.md", document())
        report: Report = run_import([tmp_path], progress=lambda _: log.warning("went on"))
        assert report.run
        assert f" run={report.run.pk} tests.logs: went on" in text.text

    def test_lines_name_the_unit(
        self, settings: Settings, text: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.TASKS = {
            "default": {
                "BACKEND": "django_tasks.backends.immediate.ImmediateBackend",
                "QUEUES": settings.TASK_QUEUES,
            }
        }

        monkeypatch.setattr(moments, "catch_up", lambda **_: log.warning("caught up"))
        result = tasks.follow_moments.enqueue()
        assert f" unit={result.id} tests.logs: caught up" in text.text


@pytest.mark.django_db
class TestSlowQueries:
    @pytest.fixture(autouse=True)
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let every query take a second."""
        monkeypatch.setattr(logs, "perf_counter", count().__next__)
        before = list(connection.execute_wrappers)
        yield
        connection.execute_wrappers[:] = before

    def ask(self) -> None:
        logs.watch_queries(connection)
        logs.watch_queries(connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT\n  %s", ["secret"])

    def test_are_logged_without_their_parameters(self, settings: Settings, text: Lines) -> None:
        settings.SLOW_QUERY_MS = 1000
        self.ask()
        (line,) = text.text.splitlines()
        assert line.endswith("newsroom.slow_queries: slow query, 1000 ms: SELECT %s")

    def test_faster_ones_are_not(self, settings: Settings, text: Lines) -> None:
        settings.SLOW_QUERY_MS = 1001
        self.ask()
        assert not text.text

    def test_are_not_measured_by_default(self, text: Lines) -> None:
        self.ask()
        assert not text.text
        assert not connection.execute_wrappers


class TestSettings:
    CODE = "import logging; logging.getLogger('a').warning('b\\nc')"

    def test_json(self, site: Path) -> None:  # noqa: F811
        done = manage(site, "shell", "-c", self.CODE, LOG_FORMAT="json", ENV_FILE="")
        assert json.loads(done.stderr)["message"] == "b\nc"

    def test_text(self, site: Path) -> None:  # noqa: F811
        done = manage(site, "shell", "-c", self.CODE, ENV_FILE="")
        assert LINE.sub("", done.stderr) == "WARNING a: b\\nc\n"

    def test_fail_unknown(self, site: Path) -> None:  # noqa: F811
        done = manage(site, "check", LOG_FORMAT="xml", ENV_FILE="")
        assert done.returncode
        assert "LOG_FORMAT must be text or json, not 'xml'." in done.stderr
