"""``/metrics``: its figures, what they cost, and who may read them."""

from __future__ import annotations

import tomllib
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from articles import newsdesk
from articles.models import ImportRun
from articles.tasks import keep_images
from articles.watching import metrics, queue
from newsroom import __version__, database_clock
from tests.articles.watching.test_checks import IMAGES, make_worker
from tests.factories import make_article
from tests.own_servers import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_kept", metrics._Kept())


def samples(client: Client) -> dict[tuple[str, ...], float]:
    """Return the values by the name of the sample and the values of its labels."""
    response = client.get("/metrics")
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


class TestFigures:
    def test_of_everything(self, client: Client) -> None:
        at = timezone.now()
        make_article(published=True, heat=80, published_at=at - timedelta(hours=2))
        make_article(published=True, heat=80)
        held = make_article(published=True, heat=80)
        newsdesk.perform(newsdesk.hold(held), by=None)
        for age, rejected in ((timedelta(hours=1), 3), (timedelta(days=2), 100)):
            ImportRun.objects.create(
                started_at=at - age, state="finished", created=2, rejected=rejected
            )
        keep_images.enqueue(**IMAGES)
        DBTaskResult.objects.update(enqueued_at=at - timedelta(seconds=90))
        keep_images.enqueue(**IMAGES)
        make_worker("urgent images")
        make_worker("images", pid=8, seen_at=database_clock.now() - timedelta(minutes=2))
        found = samples(client)
        assert found["newsroom_database_up",] == found["newsroom_cache_up",] == 1
        assert found["newsroom_articles_published",] == 2
        assert found["newsroom_articles_published_day",] == 1
        assert found["newsroom_imports_day", "finished"] == 1
        assert found["newsroom_imports_day", "killed"] == 0
        assert found["newsroom_documents_day", "rejected"] == 3
        assert found["newsroom_decisions_day", "hold"] == 1
        assert found["newsroom_queue_waiting", "images"] == 2
        assert 90 <= found["newsroom_queue_oldest_seconds", "images"] < 200
        assert found["newsroom_workers_alive", "images"] == 1
        assert found["newsroom_workers_alive", "imports"] == 0
        assert found["newsroom_failures", "hook"] == 0
        assert any(name == "newsroom_info" and __version__ in rest for name, *rest in found)

    def test_cost_ten_queries_once_in_five_seconds(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with CaptureQueriesContext(
            connection,
        ) as first:
            samples(client)
        assert len(first) <= 10
        with CaptureQueriesContext(connection) as second:
            samples(client)
        assert len(second) == 0
        monkeypatch.setattr(metrics, "KEPT", 0)
        with CaptureQueriesContext(connection) as later:
            samples(client)
        assert len(later) == len(first)

    def test_without_the_database(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> list[queue.Depth]:
            raise OperationalError("no database today")

        monkeypatch.setattr(queue, "depths", fail)
        found = samples(client)
        assert found["newsroom_database_up",] == 0
        assert ("newsroom_articles_published",) not in found
        assert any(name == "newsroom_request_seconds_count" for name, *_ in found)
        assert "no database today" in caplog.text

    def test_pages_by_result(self, client: Client) -> None:
        make_article(published=True, heat=80)

        def pages(result: str) -> float:
            return samples(client).get(("newsroom_pages_total", result), 0)

        misses, hits, unmodified = pages("miss"), pages("hit"), pages("not_modified")
        tag = client.get("/")["ETag"]
        assert pages("miss") == misses + 1
        client.get("/")
        assert pages("hit") == hits + 1
        assert client.get("/", headers={"If-None-Match": tag}).status_code == 304
        assert pages("not_modified") == unmodified + 1

    def test_version_is_that_of_the_project(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert project["version"] == __version__


@pytest.mark.once
class TestAccess:
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("127.0.0.1", 200),
            ("::1", 200),
            ("10.1.2.3", 200),
            ("::ffff:192.168.1.1", 200),
            ("8.8.8.8", 404),
            ("::ffff:8.8.8.8", 404),
            ("2606:4700::1", 404),
            ("", 404),
        ],
    )
    def test_by_address(self, client: Client, address: str, status: int) -> None:
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == status

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
    def test_not_through_a_proxy(self, client: Client, header: str) -> None:
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404

    def test_not_behind_a_proxy(self, client: Client, settings: Settings) -> None:
        settings.BEHIND_PROXY = True
        assert client.get("/metrics").status_code == 404

    def test_with_the_token(self, client: Client, settings: Settings) -> None:
        settings.METRICS_TOKEN = "a-long-token"

        def status(sent: str) -> int:
            headers = {"Authorization": sent}
            return client.get("/metrics", headers=headers, REMOTE_ADDR="8.8.8.8").status_code

        assert status("Bearer a-long-token") == 200
        assert status("bearer  a-long-token ") == 200
        for wrong in ("Bearer a-long-tokem", "Bearer ", "a-long-token", "Basic a-long-token", ""):
            assert status(wrong) == 404

    def test_no_token_is_not_a_token(self, client: Client) -> None:
        answer = client.get("/metrics", headers={"Authorization": "Bearer "}, REMOTE_ADDR="8.8.8.8")
        assert answer.status_code == 404

    def test_is_never_stored(self, client: Client) -> None:
        response = client.get("/metrics")
        assert "no-store" in response["Cache-Control"]
        assert response["Content-Type"].startswith("text/plain; version=0.0.4")
