"""The integrity check finds problems and reports them by kind."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from articles import newsdesk
from articles.models import Article, PolicyVersion, Related, WebHook
from articles.newsdesk import integrity
from articles.scoring import Policy
from tests.articles.samples import document, entry, load, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Article, Article]:
    """Return a published lead and the article it supersedes, linked both ways."""
    lead = document(quality=70, heat=80, published=True, related=(entry(),))
    other = document(
        title="A bridge at last",
        web_url=entry().web_url,
        quality=50,
        heat=-1,
        related=(entry(web_url=lead.web_url, title=lead.title, quality=70),),
    )
    put(tmp_path, "lead.txt", lead)
    put(tmp_path, "other.txt", other)
    load(tmp_path)
    return Article.objects.get(quality=70), Article.objects.get(quality=50)


def found() -> list[tuple[str, str]]:
    return [(finding.kind, finding.slug) for finding in integrity.findings()]


def check(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("check_newsroom", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


class TestFindings:
    def test_no_problems_in_a_sound_newsroom(self, pair: tuple[Article, Article]) -> None:
        assert found() == []

    def test_two_leads_are_named_once(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[1].pk).update(heat=75, published=True)
        assert found() == [("two leads", pair[1].slug)]

    def test_one_way_relation(self, pair: tuple[Article, Article]) -> None:
        Related.objects.filter(article=pair[0]).delete()
        assert found() == [("one-way relation", pair[1].slug)]

    def test_coverage_only_articles_need_not_name_anyone(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document(related=(entry(),)))
        load(tmp_path)
        assert found() == []

    def test_heat_is_stale_only_if_the_policy_applies(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(heat=90)
        assert found() == []
        Article.objects.filter(pk=pair[0].pk).update(heat_is_given=False)
        assert found() == [("stale heat", pair[0].slug)]

    def test_policy_that_has_not_reached_all_articles(self, pair: tuple[Article, Article]) -> None:
        Article.objects.update(heat_is_given=False)
        version = newsdesk.apply_policy(Policy(70, 20, 50), by=None)
        assert found() == [("unfinished policy", "")]
        PolicyVersion.objects.update(applied_to=pair[0].pk)
        assert found() == [("unfinished policy", ""), ("stale heat", pair[0].slug)]
        PolicyVersion.objects.update(applied_to=None)
        newsdesk.continue_policy(version, seconds=60)
        assert found() == []

    def test_superseded_without_a_published_lead(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(published=False)
        assert found() == [("lead not published", pair[1].slug)]

    def test_coverage_without_a_linking_article(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document(related=(entry(),)))
        load(tmp_path)
        Related.objects.all().delete()
        assert found() == [("unnamed coverage", "2024-05-01-a-bridge-at-last")]

    def test_dangling_rows(
        self, pair: tuple[Article, Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails() -> None:
            raise IntegrityError("row 5 points nowhere")

        monkeypatch.setattr(connection, "check_constraints", fails)
        assert [finding.message for finding in integrity.findings()] == ["row 5 points nowhere"]


class TestTheCommand:
    def test_exits_with_0_without_problems(self, pair: tuple[Article, Article]) -> None:
        assert check() == (0, "No problems found.\n")
        status, out = check("--format", "json")
        assert (status, json.loads(out)) == (0, {"counts": {}, "findings": []})

    def test_exits_with_1_and_prints_a_line_for_each_problem(
        self, pair: tuple[Article, Article]
    ) -> None:
        Related.objects.filter(article=pair[0]).delete()
        status, out = check()
        assert status == 1
        assert out.splitlines() == [
            f"one-way relation: {pair[1].slug} links to {pair[0].slug}, which does not link back",
            "1 findings: 1 one-way relation",
        ]

    def test_json_has_the_same_content(self, pair: tuple[Article, Article]) -> None:
        Related.objects.filter(article=pair[0]).delete()
        status, out = check("--format", "json")
        report = json.loads(out)
        assert status == 1
        assert report["counts"] == {"one-way relation": 1}
        assert report["findings"][0]["slug"] == pair[1].slug


class TestStuckHooks:
    def test_events_that_nobody_sends(self) -> None:
        hook = WebHook.objects.create(name="A mirror", url="https://mirror.example/")
        resting = WebHook.objects.create(
            name="B", url=hook.url, rests_until=timezone.now() + timedelta(hours=1)
        )
        for minutes in (59, 61, 62):
            at = timezone.now() - timedelta(minutes=minutes)
            for one in (hook, resting):
                one.deliveries.create(event="updated", slug=str(minutes), body="{}", next_try_at=at)
        (finding,) = integrity.findings()
        assert finding.kind == "stuck web hook"
        assert finding.message.startswith("A mirror: 2 events overdue by an hour")
