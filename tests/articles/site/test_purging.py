"""Proxies are emptied after changes, until none can have a former page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.utils import timezone

from articles.models import Article, Edition, Purge
from articles.site import purging
from articles.tasks import due, purge_proxies
from tests.articles.images.server import Server, reply, serving
from tests.articles.importing.processes import Newsrooms
from tests.articles.working import do, until, until_seen, worker
from tests.factories import make_article


@pytest.fixture
def proxy(settings: LazySettings) -> Iterator[Server]:
    """Return the proxy in front of the site."""
    with serving() as server:
        settings.PURGE_URL = server.put("/", reply())
        settings.EDITION_SECONDS = 1
        yield server


def begin(ago: float) -> datetime:
    """Let the last change have begun some seconds ago; return when."""
    begun_at = timezone.now() - timedelta(seconds=ago)
    Edition.objects.update(begun_at=begun_at)
    return begun_at


def is_due() -> bool:
    return purge_proxies in {task for task, _ in due(timezone.now())}


def doctor() -> str:
    """Return what ``doctor`` says about proxies."""
    output = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=output)
    return next(line for line in output.getvalue().splitlines() if "proxies" in line)


@pytest.mark.django_db
class TestPurge:
    @pytest.mark.usefixtures("proxy")
    def test_is_due_after_each_change(self) -> None:
        assert not is_due()
        make_article()
        begin(ago=60)
        assert is_due()
        purging.purge()
        assert not is_due()
        Article.objects.update(title="Marimba")
        assert is_due()

    def test_asks_the_whole_proxy(self, proxy: Server) -> None:
        make_article()
        purging.purge()
        assert [(one.method, one.path) for one in proxy.requests] == [("PURGE", "/")]

    @pytest.mark.usefixtures("proxy")
    def test_is_due_again_while_a_process_may_serve_the_former_page(self) -> None:
        make_article()
        begin(ago=2)
        purging.purge()
        assert is_due()
        begin(ago=4)
        purging.purge()
        assert not is_due()

    def test_success_forgets_the_error(self, proxy: Server) -> None:
        make_article()
        begin(ago=60)
        proxy.put("/", reply(status="503 Busy"))
        purging.purge()
        assert "HTTP Error 503: Busy" in doctor()
        assert Purge.objects.get().done_until is None
        # It rests for a moment.
        assert not is_due()
        Purge.objects.update(asked_at=timezone.now() - timedelta(seconds=6))
        assert is_due()
        proxy.put("/", reply())
        purging.purge()
        assert "ok" in doctor()

    @pytest.mark.parametrize("answer", ["301 Moved", "404 Not Found", "405 Not Allowed"])
    def test_fail_without_a_cache(self, proxy: Server, answer: str) -> None:
        """Not every server knows PURGE, and a redirect could lead anywhere."""
        make_article()
        elsewhere = proxy.put("/elsewhere", reply())
        proxy.put("/", reply(status=answer, Location=elsewhere))
        purging.purge()
        assert Purge.objects.get().error.startswith("HTTP Error")
        assert proxy.paths() == ["/"]

    def test_fail_unreachable(self, settings: LazySettings, proxy: Server) -> None:
        settings.PURGE_URL = "http://127.0.0.1:1/"
        make_article()
        purging.purge()
        assert "refused" in Purge.objects.get().error

    def test_doctor_knows_a_change_that_nobody_followed(self, proxy: Server) -> None:
        make_article()
        begin(ago=5)
        assert "WRONG" not in doctor()
        begin(ago=60)
        assert "Start manage.py work" in doctor()

    def test_without_a_proxy(self) -> None:
        make_article()
        assert not is_due()
        assert "PURGE_URL is not set" in doctor()


@pytest.mark.django_db(transaction=True)
def test_a_worker_purges_until_no_former_page_is_left(newsrooms: Newsrooms, tmp_path: Path) -> None:
    with serving() as proxy, newsrooms.make("purged") as environment:
        environment["PURGE_URL"] = proxy.put("/", reply())
        publish = "Article.objects.filter(title='Marimba').update(title='Xylophone')"
        do(environment, "from tests.factories import make_article; make_article(title='Marimba')")
        with worker(environment, tmp_path / "log"):
            settled = "Purge.objects.filter(done_until__gt=Edition.objects.get().begun_at).count()"
            until_seen(environment, settled, 1)
            before = len(proxy.requests)
            do(environment, publish)
            until(lambda: len(proxy.requests) > before)
            until_seen(environment, settled, 1)
        assert {one.method for one in proxy.requests} == {"PURGE"}
