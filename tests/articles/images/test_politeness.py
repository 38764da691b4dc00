"""Servers get few requests at once, and none during a pause that they ask for."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from articles.images import keeping
from articles.images.keeping import keep
from articles.models import Image, ImageFetch
from tests.articles.images.samples import different
from tests.articles.images.server import Answer, Server, reply
from tests.factories import NOW, make_article
from tests.newsroom.connector import Connector

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

AT = NOW + timedelta(days=1)


def add(url: str, rank: int = 0) -> None:
    Image.objects.create(article=make_article(top_rank=-rank), position=0, url=url)


class Crowd:
    """Counts simultaneous requests by host; each request waits for others to arrive."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_of_all = 0
        self.changed = threading.Condition()

    def answer(self, host: str, number: int) -> Answer:
        """Answer once ``size`` requests have arrived, or when no more will come."""

        def write(connection: socket.socket) -> None:
            with self.changed:
                self.at_once[host] += 1
                self.most[host] = max(self.most[host], self.at_once[host])
                self.most_of_all = max(self.most_of_all, self.at_once.total())
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.most_of_all >= self.size, timeout=1)
                self.at_once[host] -= 1
            reply(different(number))(connection)

        return write


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Connector:
    """Resolve names as the test defines them; the connections are real."""
    connector = Connector()
    monkeypatch.setattr(socket, "getaddrinfo", connector.getaddrinfo)
    return connector


class TestAtOnce:
    def test_a_host_gets_two_requests_at_once_and_does_not_block_others(
        self, server: Server, names: Connector
    ) -> None:
        hosts = [f"cdn{number}.example" for number in range(3)]
        crowd = Crowd(size=2 * len(hosts))
        for number in range(24):
            # The first images are all on one host.
            host = hosts[number // 8]
            names.names[host] = [["127.0.0.1"]]
            server.put(f"/{number}", crowd.answer(host, number))
            add(f"http://{host}:{server.port}/{number}", number)
        assert keep(at=AT).kept == 24
        assert dict(crowd.most) == dict.fromkeys(hosts, 2)
        assert crowd.most_of_all <= 8

    def test_all_hosts_together_are_asked_for_eight(self, server: Server, names: Connector) -> None:
        crowd = Crowd(size=8)
        for number in range(16):
            host = f"cdn{number}.example"
            names.names[host] = [["127.0.0.1"]]
            server.put(f"/{number}", crowd.answer(host, number))
            add(f"http://{host}:{server.port}/{number}", number)
        assert keep(at=AT).kept == 16
        assert crowd.most_of_all == 8


class TestHostsThatWantRest:
    @pytest.mark.parametrize("status", ["429 Slow Down", "503 Later"])
    def test_are_left_alone_and_others_are_not(
        self, server: Server, names: Connector, monkeypatch: pytest.MonkeyPatch, status: str
    ) -> None:
        monkeypatch.setattr(keeping, "PER_HOST", 1)
        names.names["tired.example"] = names.names["fresh.example"] = [["127.0.0.1"]]
        for number in range(4):
            server.put(f"/tired{number}", reply(status=status, Retry_After="7200"))
            add(f"http://tired.example:{server.port}/tired{number}", 2 * number)
            server.put(f"/fresh{number}", different(number))
            add(f"http://fresh.example:{server.port}/fresh{number}", 2 * number + 1)
        report = keep(at=timezone.now())
        assert sorted(server.paths()) == [*(f"/fresh{n}" for n in range(4)), "/tired0"]
        assert (report.kept, len(report.failures), report.postponed) == (4, 1, 3)

    def test_hosts_that_sent_429_are_skipped_by_later_runs(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeping, "PER_HOST", 1)
        for number in range(3):
            add(server.put(f"/{number}", reply(status="429 Slow Down", Retry_After="60")), number)
        at = timezone.now()
        for _ in range(3):
            keep(at=at)
        assert server.paths() == ["/0"]
        assert keep(at=at + keeping.RETRIES[0] - timedelta(seconds=1)).postponed == 2
        assert server.paths() == ["/0"]
        # An editor's request overrides the pause, and the pause ends on time.
        keep(at=at, retry_failed=True)
        assert len(server.paths()) == 2
        keep(at=at + timedelta(days=2))
        assert len(server.paths()) == 3

    def test_without_retry_after_each_image_has_its_own_delay(self, server: Server) -> None:
        for number in range(3):
            add(server.put(f"/{number}", reply(status="503 Later")), number)
        report = keep(at=AT)
        assert (len(report.failures), report.postponed) == (3, 0)
        pauses = {one.next_try_at for one in ImageFetch.objects.all()}
        assert pauses == {AT + keeping.RETRIES[0]}


class TestWhoAsks:
    def test_user_agent_is_a_setting(self, server: Server, settings: Settings) -> None:
        settings.IMAGE_USER_AGENT = "Daily/1.0 (+https://daily.example/robots)"
        add(server.put("/a", different(1)))
        call_command("cache_images", verbosity=0)
        (request,) = server.requests
        assert request.headers["user-agent"] == "Daily/1.0 (+https://daily.example/robots)"
        assert request.headers["accept"].startswith("image/")
