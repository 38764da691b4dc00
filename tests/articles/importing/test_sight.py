"""Imports of articles that readers cannot see yet, and of articles that relate to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from articles import newsdesk
from articles.importing import export
from articles.models import Article
from articles.newsdesk import moments
from articles.newsdesk.fitting import fit_policy
from articles.newsdesk.queues import BY_KEY
from articles.scoring import DEFAULT_POLICY
from tests.articles.samples import NOON, document, entry, load, put

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FUTURE = datetime(2031, 3, 1, 8, 0, tzinfo=UTC)
URL = "https://paper.example/best"


def put_best(folder: Path, published_at: datetime = NOON) -> None:
    best = document(
        title="Best", web_url=URL, quality=90, heat=90, published=True, published_at=published_at
    )
    put(folder, "best.md", best)


def put_other(folder: Path, published_at: datetime = NOON) -> None:
    """Put a report whose document says that the best one supersedes it."""
    one = document(
        title="Other",
        web_url="https://paper.example/other",
        quality=75,
        heat=-1,
        published=False,
        related=(entry(web_url=URL, title="Best", quality=90, published_at=published_at),),
    )
    put(folder, "other.md", one)


def other() -> Article:
    return Article.objects.get(quality=75)


def stored() -> tuple[int | None, bool, bool]:
    article = other()
    return article.heat, article.published, article.heat_is_given


class TestDatedInTheFuture:
    def test_is_named_in_the_report(self, tmp_path: Path) -> None:
        put_best(tmp_path, FUTURE)
        report = load(tmp_path)
        lines = (tmp_path / "best.md").read_text().splitlines()
        line = next(n for n, text in enumerate(lines, 1) if text.startswith("publishedDateTime"))
        (warning,) = report.as_json()["warnings"]
        assert (warning["path"], warning["line"]) == (f"{tmp_path}/best.md", line)
        assert lines[line - 1][warning["column"] - 1 :] == "2031-03-01T08:00:00Z"
        assert "2031-03-01T08:00:00Z is in the future" in warning["message"]
        assert "Scheduled" in report.as_text()
        assert report.warned == 1

    def test_a_clock_that_is_a_little_ahead_is_not(self, tmp_path: Path) -> None:
        put_best(tmp_path, timezone.now().replace(microsecond=0) + timedelta(minutes=14))
        assert load(tmp_path).warned == 0
        assert Article.objects.published().exists()

    def test_waits_under_scheduled(self, tmp_path: Path, client: Client) -> None:
        put_best(tmp_path, FUTURE)
        load(tmp_path)
        article = Article.objects.get()
        assert article.state == "scheduled"
        assert (article.heat, article.published, article.heat_is_given) == (90, True, True)
        assert client.get(article.get_absolute_url()).status_code == 404
        assert not Article.objects.published().exists()
        assert list(BY_KEY["scheduled"].articles()) == [article]


class TestBehindAHiddenLead:
    """A document's heat of -1 must not hide a story whose lead readers cannot see here."""

    @pytest.mark.parametrize("is_first", [True, False])
    def test_leads_until_the_date_of_its_lead_comes(self, tmp_path: Path, is_first: bool) -> None:
        # In either order of import.
        folders = [tmp_path / "a", tmp_path / "b"]
        put_best(folders[is_first], FUTURE)
        put_other(folders[not is_first])
        for folder in folders:
            load(folder)
        assert stored() == (75, True, True)
        moments.catch_up(FUTURE - HOUR)
        assert stored() == (75, True, True)
        moments.catch_up(FUTURE)
        assert stored() == (-1, False, True)

    def test_is_still_exported_byte_for_byte(self, tmp_path: Path) -> None:
        put_best(tmp_path, FUTURE)
        put_other(tmp_path)
        load(tmp_path)
        sources = {path.read_bytes() for path in tmp_path.glob("*.md")}
        assert {data for _, data, _ in export.documents_of(Article.objects.all())} == sources

    def test_counts_as_given_when_a_policy_is_fitted(self, tmp_path: Path) -> None:
        put_best(tmp_path, FUTURE)
        put_other(tmp_path)
        load(tmp_path)
        fit = fit_policy()
        assert (fit.scored, fit.current.explained) == (2, 2)

    def test_of_link_only_coverage_too(self, tmp_path: Path) -> None:
        put_other(tmp_path, FUTURE)
        load(tmp_path)
        assert stored() == (75, True, True)

    def test_leads_while_an_editor_holds_its_lead(self, tmp_path: Path) -> None:
        put_best(tmp_path / "a")
        load(tmp_path / "a")
        newsdesk.perform(newsdesk.hold(Article.objects.get()), by=None)
        put_other(tmp_path / "b")
        load(tmp_path / "b")
        assert stored() == (75, True, True)

    def test_leads_while_an_editor_embargoes_its_lead(self, tmp_path: Path) -> None:
        put_best(tmp_path / "a")
        load(tmp_path / "a")
        at = timezone.now()
        change = newsdesk.schedule(Article.objects.get(), begin=at + HOUR, end=None)
        newsdesk.perform(change, by=None)
        put_other(tmp_path / "b")
        load(tmp_path / "b")
        assert stored() == (75, True, True)
        moments.catch_up(at + HOUR)
        assert stored() == (-1, False, True)

    def test_goes_behind_when_the_date_of_its_lead_is_corrected(self, tmp_path: Path) -> None:
        put_best(tmp_path, FUTURE)
        put_other(tmp_path)
        load(tmp_path)
        put_best(tmp_path, NOON)
        load(tmp_path)
        assert stored() == (-1, False, True)

    def test_keeps_what_the_rule_does_not_explain(self, tmp_path: Path) -> None:
        # The source had another reason: by the rule nothing supersedes it.
        one = document(quality=75, heat=-1, related=(entry(published_at=FUTURE, quality=20),))
        put(tmp_path, "other.md", one)
        load(tmp_path)
        assert stored() == (-1, False, True)

    def test_the_policys_heat_follows_too(self, tmp_path: Path) -> None:
        put_best(tmp_path, FUTURE)
        one = document(
            quality=75, heat=None, published=None, related=(entry(web_url=URL, quality=90),)
        )
        put(tmp_path, "other.md", one)
        load(tmp_path)
        assert stored() == (75, True, False)
        moments.catch_up(FUTURE)
        assert stored() == (-1, False, False)

    def test_other_given_heats_stay(self, tmp_path: Path) -> None:
        lead = document(quality=75, heat=95, published=True, related=(entry(published_at=FUTURE),))
        put(tmp_path, "lead.md", lead)
        load(tmp_path)
        assert stored() == (95, True, True)
        assert DEFAULT_POLICY.bonus == 10  # The rule counts no bonus: 75.
