"""Former URLs of topics and providers redirect permanently, and are never reused."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from articles.models import FormerTopicSlug, Topic
from articles.roles import Role
from providers.models import FormerDomain, Provider
from tests.factories import make_article, make_provider, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def article() -> Any:
    topic, provider = make_topic("Zebras"), make_provider(name="Paper", domain="old.example")
    article = make_article(slug="a", topics=(topic,), provider=provider)
    topic.slug, provider.domain = "stripes", "new.example"
    topic.save()
    provider.save()
    return article


PATHS = [
    ("/topics/zebras/", "/topics/stripes/"),
    ("/topics/zebras/?after=x&y=%C3%A9", "/topics/stripes/?after=x&y=%C3%A9"),
    ("/topics/zebras/feed.rss", "/topics/stripes/feed.rss"),
    ("/topics/zebras/feed.json?after=1", "/topics/stripes/feed.json?after=1"),
    ("/providers/old.example/", "/providers/new.example/"),
    ("/providers/old.example/feed.atom", "/providers/new.example/feed.atom"),
    ("/api/news/zebras/index.json", "/api/news/stripes/index.json"),
    ("/api/news/zebras/page1/index.json", "/api/news/stripes/page1/index.json"),
]


class TestRedirects:
    @pytest.mark.parametrize(("before", "after"), PATHS)
    def test_is_permanent(self, client: Client, article: Any, before: str, after: str) -> None:
        response = client.get(before)
        assert (response.status_code, response["Location"]) == (301, after)
        assert client.get(after.partition("?")[0]).status_code == 200

    def test_after_two_renamings_leads_to_the_last(self, client: Client, article: Any) -> None:
        topic = Topic.objects.get()
        topic.slug = "horses"
        topic.save()
        for slug in ("zebras", "stripes"):
            assert client.get(f"/topics/{slug}/")["Location"] == "/topics/horses/"

    def test_back_to_the_former_name(self, client: Client, article: Any) -> None:
        topic, provider = Topic.objects.get(), Provider.objects.get()
        topic.slug, provider.domain = "zebras", "old.example"
        topic.save()
        provider.save()
        assert client.get("/topics/zebras/").status_code == 200
        assert client.get("/topics/stripes/")["Location"] == "/topics/zebras/"
        assert client.get("/providers/old.example/").status_code == 200
        assert client.get("/providers/new.example/")["Location"] == "/providers/old.example/"

    def test_unknown_names_are_missing(self, client: Client, article: Any) -> None:
        for path in ("/topics/x/", "/topics/x/feed.rss", "/providers/x/", "/providers/x/feed.rss"):
            assert client.get(path).status_code == 404

    def test_saving_something_else_leaves_no_redirect(self) -> None:
        topic, provider = make_topic(), make_provider()
        topic.name = provider.name = "Other"
        topic.save()
        provider.save()
        assert not FormerTopicSlug.objects.exists()
        assert not FormerDomain.objects.exists()


class TestPrograms:
    """Programs that use a former name get the same articles."""

    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/news/?topic=zebras",
            "/api/v1/news/?provider=old.example",
            "/api/v1/news/?q=story&topic=zebras&provider=old.example",
            "/search/feed.json?q=story&topic=zebras&provider=old.example",
        ],
    )
    def test_lists(self, client: Client, article: Any, path: str) -> None:
        found = client.get(path).json()
        assert len(found.get("value", found.get("items"))) == 1

    def test_one(self, client: Client, article: Any) -> None:
        assert client.get("/api/v1/topics/zebras/").json()["slug"] == "stripes"
        assert client.get("/api/v1/providers/old.example/").json()["domain"] == "new.example"

    @pytest.mark.parametrize("asked", ["topic=zebras", "provider=old.example"])
    def test_followers_are_not_told_that_articles_are_gone(
        self, client: Client, asked: str
    ) -> None:
        topic, provider = make_topic("Zebras"), make_provider(domain="old.example")
        make_article(slug="a", topics=(topic,), provider=provider)
        following = client.get(f"/api/v1/news/?{asked}&updatedSince=").json()["next"]
        topic.slug, provider.domain = "stripes", "new.example"
        topic.save()
        provider.save()
        told = client.get(following).json()["value"]
        assert [(one["slug"], "deleted" in one) for one in told] == [("a", False)]

    def test_feed_ids_stay(self, client: Client) -> None:
        topic = make_topic("Zebras")
        make_article(slug="a", topics=(topic,))
        before = client.get("/topics/zebras/feed.json").json()["items"][0]["id"]
        topic.slug = "stripes"
        topic.save()
        after = client.get("/topics/zebras/feed.json", follow=True).json()["items"][0]["id"]
        assert before == after


class TestNeverPassOn:
    def test_fail_another_with_a_former_name(self, article: Any) -> None:
        topic, provider = make_topic("Horses"), make_provider()
        topic.slug, provider.domain = "zebras", "old.example"
        with pytest.raises(ValidationError, match="leads to the topic Zebras"):
            topic.full_clean()
        with pytest.raises(ValidationError, match="leads to Paper"):
            provider.full_clean()

    def test_fail_url_as_a_domain(self) -> None:
        with pytest.raises(ValidationError, match="Enter a domain"):
            Provider(domain="https://a.example/", name="A").full_clean()


class TestAdmin:
    def test_renaming_by_hand_leaves_a_redirect(self, client: Client) -> None:
        topic, provider = make_topic("Zebras"), make_provider(name="Paper", domain="old.example")
        client.force_login(make_user(Role.EDITOR, is_superuser=True))
        client.post(
            reverse("admin:articles_topic_change", args=[topic.pk]),
            {"name": "Zebras", "slug": "stripes", "keywords": "[]", "hashtags": "[]"},
        )
        client.post(
            reverse("admin:providers_provider_change", args=[provider.pk]),
            {"name": "Paper", "domain": "New.example", "logos": "[]"},
        )
        assert client.get("/topics/zebras/")["Location"] == "/topics/stripes/"
        assert client.get("/providers/old.example/")["Location"] == "/providers/new.example/"
