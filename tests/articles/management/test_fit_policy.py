"""The command ``fit_policy``."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from articles import newsdesk
from articles.models import Article, PolicyVersion
from articles.scoring import Policy
from tests.articles.samples import document, entry, load, put

pytestmark = pytest.mark.django_db

HUB = Policy(100, 20, 40)
"""The numbers that were used to score the documents of these tests."""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Import six documents, the last of which was held back by an editor at its source."""
    for number, (quality, heat, published) in enumerate(
        [(90, 110, True), (85, 105, True), (79, 99, False), (39, 39, False), (10, 10, False)]
    ):
        _put(tmp_path, number, quality, heat, published)
    _put(tmp_path, 5, 95, 115, False)
    load(tmp_path)
    return tmp_path


def _put(folder: Path, number: int, quality: int, heat: int, published: bool) -> None:
    related = entry(web_url=f"https://herald.example/{number}", quality=1)
    one = document(
        title=f"Story {number}",
        web_url=f"https://daily.example/{number}",
        quality=quality,
        heat=heat,
        published=published,
        related=(related,),
    )
    put(folder, f"{number}.md", one)


def fit() -> dict[str, Any]:
    out = StringIO()
    call_command("fit_policy", "--format", "json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


class TestFit:
    def test_names_the_policy_that_explains_the_most(self, hub: Path) -> None:
        report = fit()
        assert report["scored"] == 6
        assert report["current"] == {"threshold": 70, "bonus": 10, "minimum": 50, "explained": 2}
        assert len(report["best"]) == 5
        assert report["best"][0] == {
            "threshold": 100,
            "bonus": 20,
            "minimum": 50,
            "explained": 5,
        }

    def test_writes_nothing(self, hub: Path) -> None:
        before = list(Article.objects.order_by("pk").values())
        fit()
        assert list(Article.objects.order_by("pk").values()) == before
        assert not PolicyVersion.objects.exists()

    def test_still_knows_the_given_scores_after_another_policy_was_applied(self, hub: Path) -> None:
        best = fit()["best"]
        version = newsdesk.apply_policy(Policy(10, 0, 0), by=None)
        while version.finished_at is None:
            version = newsdesk.continue_policy(version)
        assert fit()["best"][0] == best[0]

    def test_leaves_out_articles_that_were_scored_again(self, hub: Path) -> None:
        article = Article.objects.get(title="Story 0")
        newsdesk.perform(newsdesk.set_quality(article, 20), by=None)
        assert fit()["scored"] == 5

    def test_a_decision_does_not_change_a_given_score(self, hub: Path) -> None:
        article = Article.objects.get(title="Story 1")
        newsdesk.perform(newsdesk.hold(article), by=None)
        assert fit()["best"][0]["explained"] == 5

    def test_without_scores(self) -> None:
        assert fit()["best"] == []
        out = StringIO()
        call_command("fit_policy", stdout=out)
        assert out.getvalue() == "No document gives a score: there is nothing to fit.\n"

    def test_names_the_articles_that_it_does_not_explain(self, hub: Path) -> None:
        slugs = newsdesk.unexplained(HUB, 20)
        assert slugs == [Article.objects.get(title="Story 5").slug]
