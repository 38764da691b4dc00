"""Former URLs of a retitled article lead to it permanently; its feed ids do not change."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk
from articles.models import Article, FormerSlug
from tests.articles.api.test_following import Mirror, site
from tests.articles.samples import counts, document, load, put
from tests.articles.site.feeds.reading import FORMATS, entry_of_slug
from tests.factories import make_article, make_superseded

pytestmark = pytest.mark.django_db

OLD, NEW = "2024-05-01-bridge-opens", "2024-05-01-bridge-opened"
PLACES = (
    *("/news/{}/", "/api/v1/news/{}/", "/api/v1/stories/{}/"),
    *(f"/news/{{}}/feed.{ending}" for ending in FORMATS),
)
places = pytest.mark.parametrize("place", PLACES)


def titled(title: str) -> Any:
    return document(title=title, quality=90, heat=90, published=True)


def retitle(folder: Path, before: str, after: str, title: str) -> None:
    """Rename the file of the article, change its headline, and import the folder."""
    (folder / f"{before}.md").unlink()
    put(folder, f"{after}.md", titled(title))
    assert counts(load(folder)) == {"updated": 1, "retitled": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, f"{OLD}.md", titled("Bridge opens"))
    load(tmp_path)
    return tmp_path


def moved(former: str, **overrides: Any) -> Article:
    """Store an article that had another slug."""
    article = make_article(**overrides)
    FormerSlug.objects.remember({former: (article.pk, article.address_key)})
    return article


def answers(client: Client, place: str, slug: str) -> tuple[int, Any, bytes]:
    """Return the status, target and content of a response, without the slug."""
    response = client.get(place.format(slug))
    content = response.content.replace(slug.encode(), b"")
    return response.status_code, response.get("Location"), content


class TestRetitled:
    @places
    def test_former_urls_redirect(self, client: Client, folder: Path, place: str) -> None:
        retitle(folder, OLD, NEW, "Bridge opened")
        response = client.get(place.format(OLD))
        assert (response.status_code, response["Location"]) == (301, place.format(NEW))
        assert client.get(place.format(NEW)).status_code == 200

    @places
    def test_back_to_the_old_title(self, client: Client, folder: Path, place: str) -> None:
        retitle(folder, OLD, NEW, "Bridge opened")
        retitle(folder, NEW, OLD, "Bridge opens")
        assert Article.objects.get().slug == OLD
        assert client.get(place.format(OLD)).status_code == 200
        response = client.get(place.format(NEW))
        assert (response.status_code, response["Location"]) == (301, place.format(OLD))

    def test_every_title_leads_to_the_last(self, client: Client, folder: Path) -> None:
        names = [OLD, NEW, "2024-05-01-bridge-in-use", "2024-05-01-bridge-closed"]
        for before, after in itertools.pairwise(names):
            retitle(folder, before, after, after)
        for name in names[:-1]:
            assert client.get(f"/news/{name}/")["Location"] == f"/news/{names[-1]}/"

    @pytest.mark.parametrize("ending", FORMATS)
    def test_feed_ids_stay(self, client: Client, folder: Path, ending: str) -> None:
        before = entry_of_slug(client, f"/feed.{ending}", OLD)
        retitle(folder, OLD, NEW, "Bridge opened")
        entry = entry_of_slug(client, f"/feed.{ending}", OLD)
        assert entry.id == before.id
        assert entry.link == f"http://testserver/news/{NEW}/"
        assert entry.title == "Bridge opened"
        of_story = entry_of_slug(client, f"/news/{NEW}/feed.{ending}", OLD)
        assert of_story.id == before.id

    def test_followers_learn_of_both(self, client: Client, folder: Path) -> None:
        mirror = Mirror(client)
        mirror.follow()
        retitle(folder, OLD, NEW, "Bridge opened")
        told = {one["slug"]: one.get("deleted", False) for one in mirror.follow()}
        assert told == {OLD: True, NEW: False}
        assert mirror.items == site(client)


@places
class TestHidden:
    def test_of_an_unpublished_article_is_missing(self, client: Client, place: str) -> None:
        moved("2026-03-01-x", decision="hold")
        missing = answers(client, place, "2026-03-01-y")
        assert missing[0] == 404
        assert answers(client, place, "2026-03-01-x") == missing

    def test_of_a_removed_article_is_missing(self, client: Client, place: str) -> None:
        FormerSlug.objects.remember({"2026-03-01-x": (None, "paper.example/x")})
        missing = answers(client, place, "2026-03-01-y")
        assert answers(client, place, "2026-03-01-x") == missing

    def test_of_a_withdrawn_article_answers_410(self, client: Client, place: str) -> None:
        article = moved("2026-03-01-x")
        newsdesk.perform(newsdesk.withdraw(article), by=None)
        statuses = [
            client.get(place.format(slug)).status_code for slug in ("2026-03-01-x", article.slug)
        ]
        assert statuses == ([404, 404] if "feed" in place else [410, 410])

    def test_of_a_superseded_article_leads_on(self, client: Client, place: str) -> None:
        lead = make_article()
        article = make_superseded(lead)
        FormerSlug.objects.remember({"2026-03-01-x": (article.pk, article.address_key)})
        response = client.get(place.format("2026-03-01-x"), follow=True)
        if "api/v1/news" in place:
            assert response.status_code == 404
        else:
            assert response.redirect_chain[-1][0] == place.format(lead.slug)
            assert response.status_code == 200


class TestQueries:
    @pytest.mark.parametrize(
        ("place", "missing", "redirect"),
        [
            ("/news/{}/", 5, 5),
            ("/api/v1/news/{}/", 4, 4),
            ("/api/v1/stories/{}/", 5, 5),
            ("/news/{}/feed.rss", 4, 4),
        ],
    )
    def test_queries_are_few(
        self,
        client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        place: str,
        missing: int,
        redirect: int,
    ) -> None:
        # Expect: the edition; the article, the report behind a lead, the withdrawn one, the one
        # that had the slug before. The API's article is not asked whether it is behind a lead, and
        # a feed not whether it was withdrawn.
        for _ in range(2):
            moved(f"former-{Article.objects.count()}")
            with django_assert_num_queries(missing):
                assert client.get(place.format("nothing")).status_code == 404
            with django_assert_num_queries(redirect):
                assert client.get(place.format("former-0")).status_code == 301
