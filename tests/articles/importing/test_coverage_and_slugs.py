"""Slugs shared by documents and coverage-only articles, and ties broken by slug."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from articles.documents import address_key, coverage_slug
from articles.models import Article, Related
from tests.articles.samples import NOON, document, entry, load, put

pytestmark = pytest.mark.django_db


def slugs() -> dict[str, str]:
    """Return a mapping of URLs to slugs."""
    return {article.url: article.slug for article in Article.objects.all()}


class TestSharedSlug:
    def test_a_coverage_only_article_takes_no_slug_of_documents(self, tmp_path: Path) -> None:
        coverage = entry(title="Bridge opens", published_at=NOON - timedelta(hours=1))
        put(
            tmp_path,
            "namer.txt",
            document(title="Namer", web_url="https://x.example/n", related=(coverage,)),
        )
        load(tmp_path)
        slug = coverage_slug(address_key(coverage.url))
        assert slugs()[coverage.url] == slug
        put(tmp_path, "later.txt", document())
        load(tmp_path)
        assert slugs()[document().url] == "2024-05-01-bridge-opens"
        assert slugs()[coverage.url] == slug


class TestTies:
    def test_are_scored_again_when_a_slug_changes(self, tmp_path: Path) -> None:
        open_score = {"heat": None, "published": None, "quality": 75}
        first = document(
            title="Beta",
            web_url="https://x.example/first",
            related=(entry(web_url="https://x.example/second"),),
            **open_score,
        )
        second = document(
            title="Beta 1",
            web_url="https://x.example/second",
            related=(entry(web_url=first.web_url),),
            **open_score,
        )
        put(tmp_path, "1.txt", first)
        put(tmp_path, "2.txt", second)
        # The newcomer takes the slug of the first, which then sorts after the second.
        earlier = NOON - timedelta(hours=1)
        newcomer = document(
            title="Beta", web_url="https://x.example/newcomer", published_at=earlier
        )
        put(tmp_path, "3.txt", newcomer)
        load(tmp_path, batch_size=1)
        assert slugs()[first.url] == "2024-05-01-beta-2"
        heats = {article.url: article.heat for article in Article.objects.all()}
        assert (heats[first.url], heats[second.url]) == (-1, 85)


class TestOneAddress:
    """Hubs publish pairs of reports with the same address, each as the coverage of the other."""

    @pytest.mark.parametrize("batch_size", [1, 10])
    @pytest.mark.parametrize("order", ["abc", "bca", "cab", "cba"])
    def test_each_entry_means_another_article(
        self, tmp_path: Path, order: str, batch_size: int
    ) -> None:
        address = "https://x.example/pair"
        both = (entry(title="A", web_url=address), entry(title="B", web_url=address))
        pieces = {
            "a": document(title="A", web_url=address, related=both[1:]),
            "b": document(title="B", web_url=f"{address}/", related=both[:1]),
            "c": document(title="C", related=both),
        }
        for number, name in enumerate(order):
            put(tmp_path, f"{number}-{name}.txt", pieces[name])
        load(tmp_path, batch_size=batch_size)
        links = Related.objects.values_list("article__title", "target__title")
        assert set(links) == {("A", "B"), ("B", "A"), ("C", "A"), ("C", "B")}
        assert not Article.objects.filter(coverage_only=True).exists()

    def test_an_entry_in_two_spellings_means_one_article(self, tmp_path: Path) -> None:
        address = "https://x.example/pair"
        put(tmp_path, "1.txt", document(title="A", web_url=address))
        put(tmp_path, "2.txt", document(title="B", web_url=f"{address}#b"))
        twice = (entry(web_url=f"{address}/"), entry(web_url=f"{address}?utm_source=x"))
        put(tmp_path, "namer.txt", document(title="Namer", related=twice))
        load(tmp_path)
        assert Related.objects.get().article.title == "Namer"
