"""The command ``rescore``, which applies the policy to the whole archive."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from articles import heat, newsdesk
from articles.models import Article
from articles.scoring import Policy
from tests import digest
from tests.articles.samples import SEEDS, document, load, only_article, put

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    """Return exit status and stdout."""
    out = StringIO()
    try:
        call_command("rescore", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def different(tmp_path: Path) -> Article:
    """An article whose document gives it 10 points more than the policy does."""
    put(tmp_path, "a.txt", document(quality=60, heat=70, published=True))
    load(tmp_path)
    return only_article()


class TestDryRun:
    def test_lists_changes_writes_nothing_and_exits_with_1(self, different: Article) -> None:
        before = digest.written()
        status, out = run("--dry-run")
        assert status == 1
        assert f"{different.slug}: heat 70, published; the policy gives 60, not published" in out
        assert out.endswith("1 articles would change\n")
        assert digest.written() == before

    def test_exits_with_0_without_changes(self) -> None:
        load(SEEDS)
        assert run("--dry-run") == (0, "0 articles would change\n")

    def test_in_json(self, different: Article) -> None:
        status, out = run("--dry-run", "--format", "json")
        report = json.loads(out)
        assert status == 1
        assert (report["dry_run"], report["changed"]) == (True, 1)
        assert report["articles"][0]["slug"] == different.slug


class TestRescore:
    def test_corrects_differences_and_exits_with_0(self, different: Article) -> None:
        status, out = run()
        assert (status, out.splitlines()[-1]) == (0, "1 articles changed")
        article = only_article()
        assert (article.heat, article.published, article.heat_is_given) == (60, False, False)

    def test_uses_the_policy_in_force(self, different: Article) -> None:
        newsdesk.apply_policy(Policy(60, 10, 50), by=None)
        run()
        article = only_article()
        assert (article.heat, article.published) == (60, True)

    def test_a_second_time_changes_nothing(self, different: Article) -> None:
        run()
        before = digest.written()
        assert run() == (0, "0 articles changed\n")
        assert digest.written() == before

    def test_works_in_chunks(
        self, different: Article, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(5):
            url = f"https://daily.example/{number}"
            put(tmp_path, f"{number}.txt", document(title=f"No {number}", web_url=url, heat=61))
        load(tmp_path)
        monkeypatch.setattr(heat, "CHUNK", 2)
        assert run()[1].endswith("6 articles changed\n")
        assert not list(heat.differences(Article.objects.all()))


class TestInterrupted:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_ends_after_the_current_part(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
    ) -> None:
        for name in ("a", "b"):
            web_url = f"https://daily.example/{name}"
            one = document(title=name, web_url=web_url, quality=60, heat=70, published=True)
            put(tmp_path, f"{name}.txt", one)
        load(tmp_path)
        recompute = heat.recompute

        def interrupted(ids: Iterable[int]) -> None:
            recompute(ids)
            signal.raise_signal(number)

        monkeypatch.setattr(heat, "CHUNK", 1)
        monkeypatch.setattr(heat, "recompute", interrupted)
        ended, out = run()
        assert ended == status
        assert out.endswith("1 articles changed\n")
        monkeypatch.undo()
        status, out = run()
        assert (status, out.splitlines()[-1]) == (0, "1 articles changed")
