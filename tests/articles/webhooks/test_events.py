"""The events that follow each change."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from articles import newsdesk
from articles.models import Article, HookDelivery, HookPlace, HookTold, WebHook
from articles.webhooks import events
from providers.models import Provider
from tests.factories import make_article, make_source, relate

pytestmark = pytest.mark.django_db


def make_hook(**overrides: Any) -> WebHook:
    values = {"name": "A mirror", "url": "https://mirror.example/hook"}
    return WebHook.objects.create(**values | overrides)


@pytest.fixture
def hook() -> WebHook:
    hook = make_hook()
    events.begin()
    return hook


def told(hook: WebHook | None = None) -> list[tuple[str, str]]:
    """Record all changes and return the new deliveries as events and slugs."""
    last = HookDelivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    while events.note():
        pass
    found = HookDelivery.objects.filter(pk__gt=last).order_by("pk")
    if hook:
        found = found.filter(hook=hook)
    return list(found.values_list("event", "slug"))


def last_data() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(HookDelivery.objects.order_by("pk").reverse()[0].body)
    data: dict[str, Any] = body["data"]
    return data


class TestEvents:
    def test_published(self, hook: WebHook, settings: Settings) -> None:
        settings.SITE_URL = "https://news.example"
        article = make_article(title="Bridge opens")
        make_source(article, secured="c2VhbA==;c2VhbA==")
        assert told() == [("published", article.slug)]
        body = json.loads(HookDelivery.objects.get().body)
        assert body.keys() == {"type", "timestamp", "data"}
        assert body["type"] == "published"
        assert body["data"]["title"] == "Bridge opens"
        assert body["data"]["url"] == f"https://news.example{article.get_absolute_url()}"
        assert "secured" not in HookDelivery.objects.get().body
        assert "c2VhbA==" not in HookDelivery.objects.get().body
        assert told() == []

    def test_the_same_as_in_the_api(self, hook: WebHook, client: Any, settings: Settings) -> None:
        settings.SITE_URL = "https://news.example"
        article = make_article()
        relate(article, make_article(quality=40, heat=40, published=False))
        told()
        (item,) = client.get("/api/v1/news/").json()["value"]
        assert last_data() == item

    def test_updated_where_readers_see_it(self, hook: WebHook) -> None:
        article = make_article()
        told()
        article.title = "Another title"
        article.save()
        assert told() == [("updated", article.slug)]
        article.decision_reason = "An editor's words"
        article.version += 1
        article.save()
        assert told() == []

    def test_hidden_changes_cause_no_event(self, hook: WebHook) -> None:
        article = make_article()
        told()
        # This change is recorded because it may reorder another article's coverage.
        Article.objects.filter(pk=article.pk).update(quality=81)
        assert told() == []

    def test_changes_of_coverage_update_the_lead(self, hook: WebHook) -> None:
        article, report = make_article(), make_article(quality=40)
        relate(article, report)
        told()
        Provider.objects.filter(pk=report.provider_id).update(name="Another name")
        assert told() == [("updated", article.slug)]

    def test_unpublished_contains_only_the_slug(self, hook: WebHook) -> None:
        article = make_article()
        told()
        newsdesk.perform(newsdesk.withdraw(article), by=None, reason="An editor's words")
        assert told() == [("unpublished", article.slug)]
        assert last_data() == {"slug": article.slug, "deleted": True}

    def test_unpublished_when_deleted(self, hook: WebHook) -> None:
        article = make_article()
        told()
        Article.objects.filter(pk=article.pk).delete()
        assert told() == [("unpublished", article.slug)]

    def test_drafts_cause_no_event(self, hook: WebHook) -> None:
        article = make_article(quality=50)
        make_article(publish_from=timezone.now() + timedelta(hours=1))
        article.title = "A draft"
        article.save()
        # It was published and withdrawn before any events were created.
        seen_by_nobody = make_article()
        newsdesk.perform(newsdesk.withdraw(seen_by_nobody), by=None)
        Article.objects.filter(pk=article.pk).delete()
        assert told() == []

    def test_by_the_clock(self, hook: WebHook) -> None:
        now = timezone.now()
        article = make_article(
            publish_from=now + timedelta(hours=1), publish_until=now + timedelta(hours=2)
        )
        assert told() == []
        assert events.note(now + timedelta(hours=1, minutes=1))
        assert events.note(now + timedelta(hours=2, minutes=1))
        deliveries = HookDelivery.objects.order_by("pk").values_list("event", "slug")
        assert list(deliveries) == [("published", article.slug), ("unpublished", article.slug)]

    def test_lead_changed(self, hook: WebHook) -> None:
        lead, other = make_article(quality=80), make_article(quality=60, heat=-1, published=False)
        relate(lead, other)
        relate(other, lead)
        assert told() == [("published", lead.slug)]
        newsdesk.perform(newsdesk.set_quality(other, 90), by=None)
        assert sorted(told()) == [
            ("leadChanged", other.slug),
            ("published", other.slug),
            ("unpublished", lead.slug),
        ]
        last = HookDelivery.objects.order_by("pk").last()
        assert last
        # This event follows the article's own event.
        assert last.event == "leadChanged"
        assert last_data()["formerLead"] == lead.slug
        assert last_data()["slug"] == other.slug

    def test_no_lead_changed_without_another_lead(self, hook: WebHook) -> None:
        lead, other = make_article(quality=80), make_article(quality=40, heat=-1, published=False)
        relate(lead, other)
        told()
        newsdesk.perform(newsdesk.withdraw(lead), by=None)
        assert told() == [("unpublished", lead.slug)]


class TestHooks:
    def test_each_hook_gets_only_its_events(self, hook: WebHook) -> None:
        choosy = make_hook(events=["unpublished"])
        inactive = make_hook(is_active=False)
        article = make_article()
        assert told(hook) == [("published", article.slug)]
        newsdesk.perform(newsdesk.withdraw(article), by=None)
        assert told(choosy) == [("unpublished", article.slug)]
        assert not inactive.deliveries.exists()
        ids = list(HookDelivery.objects.values_list("event_id", flat=True))
        assert len(set(ids)) == 3

    def test_the_first_hook_gets_no_older_events(self) -> None:
        there = make_article()
        assert told() == []
        make_hook()
        assert told() == []
        come = make_article()
        there.title = "Another"
        there.save()
        assert sorted(told()) == [("published", come.slug), ("updated", there.slug)]

    def test_articles_from_before_the_hook_are_unpublished(self) -> None:
        article = make_article()
        make_hook()
        told()
        newsdesk.perform(newsdesk.withdraw(article), by=None)
        assert told() == [("unpublished", article.slug)]

    def test_nothing_is_kept_without_a_hook(self, hook: WebHook) -> None:
        make_article()
        told()
        WebHook.objects.update(is_active=False)
        assert told() == []
        assert not HookPlace.objects.exists()
        assert not HookTold.objects.exists()

    def test_an_invalid_position(self, hook: WebHook) -> None:
        make_article()
        told()
        HookPlace.objects.update(sequence=10**9)
        assert told() == []
        article = make_article()
        assert told() == [("published", article.slug)]


class TestHowItIsRead:
    def test_many_in_batches_each_whole(
        self, hook: WebHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events, "BATCH", 3)
        articles = [make_article() for _ in range(8)]
        assert sorted(told()) == sorted(("published", one.slug) for one in articles)

    def test_a_failure_keeps_the_position(
        self, hook: WebHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        article = make_article()
        with monkeypatch.context() as patch:
            patch.setattr(events, "delivery", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                events.note()
        assert not HookDelivery.objects.exists()
        assert told() == [("published", article.slug)]

    def test_two_processes_at_once_write_each_event_once(
        self, hook: WebHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_article()
        news = events._news

        def be_late(*given: Any) -> Any:
            monkeypatch.setattr(events, "_news", news)
            events.note()
            return news(*given)

        monkeypatch.setattr(events, "_news", be_late)
        assert events.note()
        assert HookDelivery.objects.count() == 1

    def test_queries_do_not_depend_on_the_number(self, hook: WebHook) -> None:
        counts = []
        for number in (1, 10):
            for _ in range(number):
                make_article()
            with CaptureQueriesContext(connection) as queries:
                events.note()
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 16
