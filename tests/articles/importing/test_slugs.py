"""A slug never passes to another article, whatever the order of the runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from articles import importing
from articles.documents import ArticleDocument, address_key
from articles.models import Article, Change, FormerSlug, ImportProblem
from tests.articles.api.test_following import Mirror, site
from tests.articles.samples import HERALD, NOON, counts, document, load, put

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SLUG = "2024-05-01-bridge-opens"
FIRST = "https://daily.example/first"
SECOND = "https://herald.example/second"


def page(url: str = FIRST, **overrides: object) -> ArticleDocument:
    """Make a published document, titled "Bridge opens"."""
    scores = {"quality": 90, "heat": 90, "published": True}
    provider = {"provider": HERALD} if "herald" in url else {}
    return document(**{"web_url": url} | scores | provider | overrides)


def slugs() -> dict[str, str]:
    return dict(Article.objects.values_list("url", "slug"))


def numbered(report: importing.Report) -> list[object]:
    """Return the requested slugs that were taken, and the slugs that the documents got."""
    return [one.details for one in report.of(ImportProblem.Kind.SLUG)]


class TestAcrossRuns:
    def test_the_stored_one_wins(self, tmp_path: Path, client: Client) -> None:
        put(tmp_path, "z.md", page(FIRST))
        load(tmp_path)
        mirror = Mirror(client)
        mirror.follow()
        put(tmp_path, "a.md", page(SECOND, published_at=NOON - HOUR))
        report = load(tmp_path)
        assert slugs() == {FIRST: SLUG, SECOND: f"{SLUG}-2"}
        assert numbered(report) == [{"slug": f"{SLUG}-2", "stem": SLUG}]
        assert f"another article has or had the slug {SLUG}" in report.as_text()
        assert [one["slug"] for one in mirror.follow()] == [f"{SLUG}-2"]
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 2}
        assert numbered(load(tmp_path, skip=False)) == []

    def test_a_freed_slug_does_not_pass_on(self, tmp_path: Path) -> None:
        put(tmp_path, f"{SLUG}.md", page(FIRST))
        load(tmp_path)
        (tmp_path / f"{SLUG}.md").rename(tmp_path / "2024-05-01-retitled.md")
        put(tmp_path, f"{SLUG}.md", page(SECOND))
        report = load(tmp_path)
        assert slugs() == {FIRST: "2024-05-01-retitled", SECOND: f"{SLUG}-2"}
        assert numbered(report) == [{"slug": f"{SLUG}-2", "stem": SLUG}]
        (former,) = FormerSlug.objects.all()
        assert (former.slug, former.article.url) == (SLUG, FIRST)  # type: ignore[union-attr]

    def test_retitled_articles_do_not_swap_their_slugs(self, tmp_path: Path) -> None:
        put(tmp_path, "2024-05-01-a.md", page(FIRST))
        put(tmp_path, "2024-05-01-b.md", page(SECOND))
        load(tmp_path)
        put(tmp_path, "2024-05-01-a.md", page(SECOND))
        put(tmp_path, "2024-05-01-b.md", page(FIRST))
        load(tmp_path)
        assert slugs() == {FIRST: "2024-05-01-b-2", SECOND: "2024-05-01-a-2"}
        leads = dict(FormerSlug.objects.values_list("slug", "article__url"))
        assert leads == {"2024-05-01-a": FIRST, "2024-05-01-b": SECOND}
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 2}

    def test_a_slug_edited_by_hand_does_not_pass_on(self, tmp_path: Path) -> None:
        put(tmp_path, "a.md", page(FIRST))
        load(tmp_path)
        article = Article.objects.get()
        FormerSlug.objects.remember({SLUG: (article.pk, article.address_key)})
        Article.objects.update(slug="2024-05-01-by-hand")
        put(tmp_path, "b.md", page(SECOND))
        load(tmp_path)
        assert slugs() == {FIRST: "2024-05-01-by-hand", SECOND: f"{SLUG}-2"}


class TestWithinOneRun:
    @pytest.mark.parametrize("size", [1, 2, 100])
    def test_the_earliest_published_goes_first(
        self, tmp_path: Path, client: Client, size: int
    ) -> None:
        mirror = Mirror(client)
        mirror.follow()
        urls = [f"https://daily.example/{number}" for number in range(4)]
        for number, url in enumerate(urls):
            put(tmp_path, f"{number}.md", page(url, published_at=NOON - number * HOUR))
        load(tmp_path, batch_size=size)
        names = [SLUG, f"{SLUG}-2", f"{SLUG}-3", f"{SLUG}-4"]
        assert slugs() == dict(zip(reversed(urls), names, strict=True))
        # Nobody knew the slugs that changed during the run.
        assert not FormerSlug.objects.exists()
        assert all(one.first_slug == one.slug for one in Article.objects.all())
        told = Change.objects.values_list("slug", flat=True)
        assert [slug for slug in told if " " in slug or "moving" in slug] == []
        mirror.follow()
        assert mirror.items == site(client)
        assert mirror.items.keys() == set(names)

    def test_a_stored_one_goes_before_them_all(self, tmp_path: Path) -> None:
        put(tmp_path, "9.md", page("https://daily.example/stored"))
        load(tmp_path)
        for number in (1, 2):
            url = f"https://daily.example/{number}"
            put(tmp_path, f"{number}.md", page(url, published_at=NOON - number * HOUR))
        load(tmp_path, batch_size=1)
        assert slugs() == {
            "https://daily.example/stored": SLUG,
            "https://daily.example/2": f"{SLUG}-2",
            "https://daily.example/1": f"{SLUG}-3",
        }


class TestRemoved:
    """The slug of a removed article stays reserved for its return."""

    @pytest.fixture(autouse=True)
    def removed(self, tmp_path: Path) -> None:
        put(tmp_path, "one.md", page(FIRST))
        load(tmp_path)
        article = Article.objects.get()
        FormerSlug.objects.remember({SLUG: (None, article.address_key)})
        article.delete()
        (tmp_path / "one.md").unlink()

    def test_is_not_assigned_to_another_address(self, tmp_path: Path) -> None:
        put(tmp_path, "two.md", page(SECOND))
        report = load(tmp_path)
        assert slugs() == {SECOND: f"{SLUG}-2"}
        assert numbered(report) == [{"slug": f"{SLUG}-2", "stem": SLUG}]
        assert FormerSlug.objects.get().article is None

    def test_returns_to_the_same_address(self, tmp_path: Path) -> None:
        put(tmp_path, "two.md", page(f"{FIRST}/?utm_source=x"))
        assert numbered(load(tmp_path)) == []
        assert list(slugs().values()) == [SLUG]
        assert FormerSlug.objects.get().article == Article.objects.get()

    def test_redirects_when_the_article_returns_under_another(
        self, tmp_path: Path, client: Client
    ) -> None:
        put(tmp_path, "two.md", page(FIRST, title="Bridge opened"))
        load(tmp_path)
        former = FormerSlug.objects.get()
        assert former.article == Article.objects.get()
        assert former.address_key == address_key(FIRST)
        response = client.get(f"/news/{SLUG}/")
        assert (response.status_code, response["Location"]) == (
            301,
            "/news/2024-05-01-bridge-opened/",
        )
