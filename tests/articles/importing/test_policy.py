"""When documents leave a score open, the policy in force decides, not the first one."""

from __future__ import annotations

from pathlib import Path

import pytest

from articles import heat, newsdesk
from articles.documents import parse
from articles.importing import export
from articles.models import Article, ImportProblem, PolicyVersion
from articles.scoring import Policy
from tests.articles.samples import document, edit, entry, load, only_article, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_force() -> PolicyVersion:
    """Apply a policy other than the default."""
    return newsdesk.apply_policy(Policy(55, 20, 50), by=None)


def bring(folder: Path, **overrides: object) -> Article:
    put(folder, "a.txt", document(**overrides))
    load(folder)
    return only_article()


class TestImport:
    def test_a_quality_without_heat_gets_heat(self, tmp_path: Path) -> None:
        article = bring(tmp_path, heat=None, published=None, related=(entry(),))
        assert (article.heat, article.published, article.heat_is_given) == (80, True, False)

    @pytest.mark.parametrize(("heat", "published"), [(54, False), (55, True)])
    def test_heat_without_published_is_decided_by_the_threshold(
        self, tmp_path: Path, heat: int, published: bool
    ) -> None:
        article = bring(tmp_path, quality=50, heat=heat, published=None)
        assert (article.heat, article.published, article.heat_is_given) == (heat, published, True)

    @pytest.mark.parametrize(("heat", "published"), [(54, False), (55, True)])
    def test_heat_without_published_in_a_newer_document(
        self, tmp_path: Path, heat: int, published: bool
    ) -> None:
        bring(tmp_path, quality=40, heat=40, published=False)
        article = bring(tmp_path, quality=50, heat=heat, published=None)
        assert (article.heat, article.published) == (heat, published)

    def test_differences_are_from_the_policy_in_force(self, tmp_path: Path) -> None:
        bring(tmp_path, quality=60, heat=60, published=True)
        assert not ImportProblem.objects.filter(kind=ImportProblem.Kind.SCORE).exists()
        bring(tmp_path, quality=60, heat=70, published=True)
        problem = ImportProblem.objects.get(kind=ImportProblem.Kind.SCORE)
        assert (problem.details["policy_heat"], problem.details["heat"]) == (60, 70)

    @pytest.mark.parametrize("documents", [3, 4, 5])
    def test_differences_of_several_pieces(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, documents: int
    ) -> None:
        monkeypatch.setattr(heat, "CHUNK", 3)
        for number in range(documents):
            url = f"https://daily.example/{number}"
            score = {"quality": 60, "heat": 70 + number, "published": True}
            put(tmp_path, f"{number}.md", document(web_url=url, **score))
        report = load(tmp_path)
        found = [one.details["heat"] for one in report.of(ImportProblem.Kind.SCORE)]
        assert found == [70 + number for number in range(documents)]


class TestExport:
    def test_omits_what_the_policy_decides(self, tmp_path: Path) -> None:
        one = document(quality=60, heat=60, published=None)
        bring(tmp_path, quality=60, heat=60, published=None)
        assert export.present(only_article()).published is None
        list(export.export(Article.objects.all(), tmp_path / "out"))
        (file,) = (tmp_path / "out").glob("*.md")
        assert parse("", file.read_bytes()) == one

    def test_writes_published_if_the_policy_would_differ(
        self, tmp_path: Path, in_force: PolicyVersion
    ) -> None:
        article = bring(tmp_path, quality=60, heat=60, published=None)
        newsdesk.apply_policy(Policy(70, 20, 50), by=None)
        # The policy has not reached this article yet, so it is still published.
        shown = export.present(article)
        assert (shown.heat, shown.published) == (60, True)

    @pytest.mark.parametrize(
        ("decision", "published", "shown"),
        [("hold", False, (60, False)), ("", True, (None, None))],
    )
    def test_writes_the_score_of_a_held_article(
        self,
        tmp_path: Path,
        decision: str,
        published: bool,
        shown: tuple[int | None, bool | None],
    ) -> None:
        article = bring(tmp_path, quality=60, heat=None, published=None)
        edit(article, decision=decision, published=published)
        exported = export.present(only_article())
        assert (exported.heat, exported.published) == shown


class TestBetterPolicy:
    """Documents of a hub with a threshold of 100; the policy in force has 55."""

    @pytest.fixture
    def hub(self, tmp_path: Path) -> Path:
        for number, quality in enumerate(range(46, 124, 4)):
            score = {"quality": quality, "heat": quality, "published": quality >= 100}
            web_url = f"https://daily.example/{number}"
            one = document(title=f"Report {number}", web_url=web_url, **score)
            put(tmp_path, f"{number}.txt", one)
        return tmp_path

    def test_is_named_in_the_report_and_stored_with_the_run(self, hub: Path) -> None:
        report = load(hub)
        told = report.as_json()["policy"]
        # Only those below 55 and from 100 on follow the policy.
        assert told["explained"] == 3 + 6
        assert told["best"] == {"threshold": 100, "bonus": 20, "minimum": 50, "explained": 20}
        words = "9 of 20 scores of these documents follow the publishing rule; threshold 100"
        assert f"another publishing rule: {words}" in report.as_text()
        assert "apply_policy --threshold 100 --bonus 20 --minimum 50 --dry-run" in report.as_text()
        assert ImportProblem.objects.get(kind=ImportProblem.Kind.POLICY).message.startswith(words)

    def test_is_the_same_in_a_dry_run(self, hub: Path) -> None:
        tried = load(hub, dry_run=True).as_json()["policy"]
        assert tried == load(hub).as_json()["policy"]

    def test_is_not_suggested_if_the_policy_explains_enough(self, hub: Path) -> None:
        newsdesk.apply_policy(Policy(100, 10, 50), by=None)
        report = load(hub)
        best = {"threshold": 100, "bonus": 10, "minimum": 50, "explained": 20}
        assert report.as_json()["policy"] == {"explained": 20, "best": best}
        assert "another publishing rule" not in report.as_text()
        assert not ImportProblem.objects.exists()

    def test_is_not_suggested_without_scores(self, hub: Path, tmp_path: Path) -> None:
        load(hub)
        assert load(hub).as_json()["policy"] is None
        put(tmp_path, "a.txt", document(quality=None, heat=None, published=None))
        assert load(tmp_path / "a.txt").as_json()["policy"] is None
