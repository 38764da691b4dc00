"""The command ``apply_policy``: dry runs, applying and continuing."""

from __future__ import annotations

import json
import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from articles import newsdesk
from articles.models import Article, PolicyVersion
from articles.newsdesk import policies
from articles.scoring import Policy
from tests.factories import make_article

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    """Return exit status and stdout."""
    out = StringIO()
    try:
        call_command("apply_policy", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def article() -> Article:
    """An article that would be published if the threshold were ten lower."""
    return make_article(quality=60)


class TestDryRun:
    def test_lists_changes_writes_nothing_and_exits_with_1(self, article: Article) -> None:
        status, out = run("--threshold", "60", "--dry-run")
        assert status == 1
        assert out.splitlines() == [
            "1 would be published",
            f"  {article.slug}: heat 60, then 60: quality 60 ≥ 60: published",
            "0 would no longer be published",
            "0 would lead a story",
            "0 would no longer lead a story",
            "0 would only change in heat",
            "1 of 1 articles would change",
        ]
        assert not PolicyVersion.objects.exists()
        assert not Article.objects.filter(published=True).exists()

    def test_exits_with_0_without_changes(self, article: Article) -> None:
        assert run("--dry-run")[0] == 0

    def test_in_json(self, article: Article) -> None:
        status, out = run("--threshold=60", "--dry-run", "--format=json")
        report = json.loads(out)
        assert (status, report["dry_run"], report["changed"], report["heat_only"]) == (
            1,
            True,
            1,
            0,
        )
        assert report["policy"] == {"threshold": 60, "bonus": 10, "minimum": 50}
        assert report["published"]["count"] == 1
        assert report["published"]["articles"][0]["slug"] == article.slug
        assert report["lead_lost"] == {"count": 0, "articles": []}

    def test_leaves_examples_out_where_there_are_many(
        self, article: Article, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_article(quality=61)
        monkeypatch.setattr(policies.try_policy, "__defaults__", (None, 1, lambda articles: None))
        assert "  ..." in run("--threshold", "60", "--dry-run")[1].splitlines()


class TestApply:
    def test_changes_what_differs(self, article: Article) -> None:
        status, out = run("--threshold", "60", "--reason", "a quiet month")
        version = PolicyVersion.objects.get()
        assert (status, out) == (0, f"In force everywhere: {version}\n")
        assert (version.policy, version.by, version.reason) == (
            Policy(60, 10, 50),
            None,
            "a quiet month",
        )
        assert version.finished_at
        assert Article.objects.get().published

    def test_keeps_numbers_that_are_not_given(self, article: Article) -> None:
        run("--threshold", "60")
        run("--bonus", "5", "--minimum", "40")
        assert PolicyVersion.objects.all()[0].policy == Policy(60, 5, 40)

    def test_in_json(self, article: Article) -> None:
        report = json.loads(run("--threshold", "60", "--format", "json")[1])
        assert report == {
            "dry_run": False,
            "version": PolicyVersion.objects.get().pk,
            "policy": {"threshold": 60, "bonus": 10, "minimum": 50},
        }

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--threshold", "70"], "already in force"),
            (["--bonus", "-1"], "bonus goes from 0"),
            ([], "There is no policy to continue"),
        ],
    )
    def test_refuses_with_2(self, arguments: list[str], words: str) -> None:
        with pytest.raises(CommandError, match=words) as caught:
            run(*arguments)
        assert caught.value.returncode == 2


class TestInterrupted:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_finishes_the_batch_and_continues_without_numbers(
        self, article: Article, monkeypatch: pytest.MonkeyPatch, number: int, status: int
    ) -> None:
        def interrupt(version: PolicyVersion, **options: object) -> PolicyVersion:
            signal.raise_signal(number)
            return version

        with monkeypatch.context() as patch:
            patch.setattr(newsdesk, "continue_policy", interrupt)
            assert run("--threshold", "60") == (status, "")
        assert not Article.objects.get().published
        status, out = run()
        assert (status, out.startswith("In force everywhere: ")) == (0, True)
        assert Article.objects.get().published

    def test_finished_policy_needs_no_continuing(self, article: Article) -> None:
        run("--threshold", "60")
        finished_at = PolicyVersion.objects.get().finished_at
        assert run()[0] == 0
        assert PolicyVersion.objects.get().finished_at == finished_at
