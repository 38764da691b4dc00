"""Exported documents carry editors' decisions to another newsroom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from articles import newsdesk
from articles.documents import ArticleDocument, Desk, parse, write
from articles.importing import export
from articles.importing.decisions import NONE, of_article, of_document
from articles.models import Act, ActChange, Article, Change, ImportConflict
from articles.roles import Role
from tests.articles.samples import counts, document, entry, load, only_article, put
from tests.factories import make_user

pytestmark = pytest.mark.django_db

NOW = datetime.now(tz=UTC)
LATER = (NOW + timedelta(days=2)).replace(microsecond=0)
EARLIER = (NOW - timedelta(days=2)).replace(microsecond=0)
BY_POLICY: dict[str, Any] = {"quality": 90, "heat": None, "published": None}


def bring(folder: Path, *documents: ArticleDocument) -> Any:
    """Import documents, in files by number."""
    for number, one in enumerate(documents):
        put(folder, f"{number}.txt", one)
    return load(folder)


def take(change: newsdesk.Change, reason: str = "") -> None:
    newsdesk.perform(change, by=None, reason=reason)


def exported(folder: Path, *, plain: bool = False) -> dict[str, bytes]:
    """Export everything; return the files by name."""
    list(export.export(Article.objects.all(), folder, plain=plain))
    return {path.name: path.read_bytes() for path in folder.glob("*.md")}


def desk_in(folder: Path) -> Desk | None:
    (data,) = exported(folder).values()
    return parse("", data).desk


def newsroom() -> dict[str, Any]:
    """Return what must be equal in two newsrooms, by slug."""
    now = datetime.now(tz=UTC)
    return {
        one.slug: (
            *(one.title, one.excerpt, one.quality, one.heat, one.published, one.state_at(now)),
            *of_article(one, now).values(),
        )
        for one in Article.objects.filter(coverage_only=False)
    }


@contextmanager
def another_newsroom() -> Iterator[None]:
    """Roll back, so that the block starts without articles."""
    with transaction.atomic():
        Article.objects.all().delete()
        yield
        transaction.set_rollback(True)


DECISIONS: list[tuple[str, Any, Desk]] = [
    (
        "hold",
        lambda one: newsdesk.hold(one, until=LATER),
        Desk(decision="hold", until=LATER, reason="Why"),
    ),
    ("publish", newsdesk.publish, Desk(decision="publish", reason="Why")),
    ("withdraw", newsdesk.withdraw, Desk(decision="withdraw", reason="Why")),
    (
        "embargo",
        lambda one: newsdesk.schedule(one, begin=LATER, end=None),
        Desk(begin=LATER),
    ),
    ("expiry", lambda one: newsdesk.schedule(one, begin=None, end=EARLIER), Desk(end=EARLIER)),
    ("pin", newsdesk.pin, Desk(pinned=True)),
]


@pytest.fixture(params=DECISIONS, ids=[name for name, *_ in DECISIONS])
def decided(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """Import an article, make a decision about it, and return its desk block."""
    _, decide, desk = request.param
    bring(tmp_path / "in", document(**BY_POLICY))
    take(decide(only_article()), "Why")
    assert isinstance(desk, Desk)
    return desk


class TestAnExport:
    def test_contains_the_decision(self, tmp_path: Path, decided: Desk) -> None:
        assert desk_in(tmp_path / "out") == decided

    def test_plain_leaves_it_out(self, tmp_path: Path, decided: Desk) -> None:
        article = only_article()
        (data,) = exported(tmp_path / "out", plain=True).values()
        assert parse("", data).desk is None
        if article.decision:
            assert parse("", data).published is article.published

    def test_is_the_same_in_another_newsroom(self, tmp_path: Path, decided: Desk) -> None:
        before, files = newsroom(), exported(tmp_path / "out")
        with another_newsroom():
            load(tmp_path / "out")
            assert newsroom() == before
            assert exported(tmp_path / "again") == files

    def test_is_the_same_in_a_newsroom_that_has_the_article(
        self, tmp_path: Path, decided: Desk
    ) -> None:
        before = newsroom()
        exported(tmp_path / "out")
        with another_newsroom():
            bring(tmp_path / "in", document(**BY_POLICY))
            load(tmp_path / "out")
            assert newsroom() == before
            assert desk_in(tmp_path / "again") == decided

    def test_is_missing_after_a_decision_is_undone(self, tmp_path: Path, decided: Desk) -> None:
        take(newsdesk.undo(Act.objects.latest("pk")))
        assert desk_in(tmp_path / "out") is None


class TestAnImport:
    def test_writes_the_history(self, tmp_path: Path) -> None:
        operator = make_user(Role.OPERATOR)
        desk = Desk(decision="withdraw", reason="Wrong", pinned=True, begin=EARLIER)
        put(tmp_path, "0.txt", document(**BY_POLICY, desk=desk))
        report = load(tmp_path, user=operator)
        acts = {act.verb: act for act in Act.objects.all()}
        assert acts.keys() == {"withdraw", "pin", "schedule"}
        assert {act.run for act in acts.values()} == {report.run}
        assert {act.by for act in acts.values()} == {operator}
        assert acts["withdraw"].reason == only_article().decision_reason == "Wrong"
        assert only_article().decided_by == operator
        change = acts["withdraw"].changes.get()
        assert (change.published_before, change.published_after) == (True, False)

    def test_can_be_undone(self, tmp_path: Path) -> None:
        bring(tmp_path, document(**BY_POLICY))
        before = newsroom()
        bring(tmp_path, document(**BY_POLICY, desk=Desk(decision="hold", reason="Why")))
        assert only_article().state == Article.State.HELD
        change = newsdesk.undo(Act.objects.get())
        newsdesk.perform(change, by=make_user(Role.EDITOR))
        assert newsroom() == before

    def test_a_withdrawn_article_answers_410(self, tmp_path: Path, client: Any) -> None:
        bring(tmp_path, document(**BY_POLICY, desk=Desk(decision="withdraw")))
        assert client.get(only_article().get_absolute_url()).status_code == 410

    def test_a_withdrawn_article_that_was_not_public_answers_404(
        self, tmp_path: Path, client: Any
    ) -> None:
        low = {**BY_POLICY, "quality": 20}
        bring(tmp_path, document(**low, desk=Desk(decision="withdraw")))
        assert client.get(only_article().get_absolute_url()).status_code == 404

    @pytest.mark.parametrize("decision", ["publish", "hold", "withdraw"])
    @pytest.mark.parametrize("published", [True, False, None])
    def test_published_follows_from_the_decision(
        self, tmp_path: Path, decision: str, published: bool | None
    ) -> None:
        one = document(quality=65, heat=65, published=published, desk=Desk(decision=decision))
        bring(tmp_path / "in", one)
        assert only_article().published == (decision == "publish")
        assert list(exported(tmp_path / "out").values()) == [write(one)]

    @pytest.mark.parametrize("heat", [90, 120])
    def test_the_rule_applies_after_a_decision_has_ended(self, tmp_path: Path, heat: int) -> None:
        over = Desk(decision="hold", until=EARLIER)
        one = document(quality=90, heat=heat, published=False, desk=over)
        bring(tmp_path / "in", one)
        article = only_article()
        assert (article.decision, article.heat, article.published) == ("", 90, True)
        assert list(exported(tmp_path / "out").values()) == [write(one)]
        assert not Act.objects.exists()

    def test_followers_learn_nothing_that_readers_never_saw(self, tmp_path: Path) -> None:
        given = {"quality": 90, "heat": 90, "published": True}
        bring(tmp_path, document(**given, desk=Desk(begin=LATER, decision="hold")))
        assert not Change.objects.exists()

    def test_a_decision_about_coverage_stays_when_its_document_comes(self, tmp_path: Path) -> None:
        put(tmp_path, "0.txt", document(related=(entry(),)))
        load(tmp_path)
        take(newsdesk.hold(Article.objects.get(coverage_only=True)), "Ours")
        given = {"quality": 90, "heat": 90, "published": True, "web_url": entry().web_url}
        put(tmp_path, "1.txt", document(**given, desk=Desk(decision="publish", pinned=True)))
        load(tmp_path)
        article = Article.objects.get(url=entry().url)
        assert (article.decision, article.published, article.is_pinned) == ("hold", False, True)

    def test_keeps_suggestions_and_unknown_keys(self, tmp_path: Path) -> None:
        urls = ("https://herald.example/a", "https://herald.example/b")
        desk = Desk(pinned=True, accepted=urls[:1], refused=urls[1:], extra={"shift": "late"})
        bring(tmp_path / "in", document(**BY_POLICY, desk=desk))
        take(newsdesk.unpin(only_article()))
        assert desk_in(tmp_path / "out") == Desk(
            accepted=urls[:1], refused=urls[1:], extra={"shift": "late"}
        )

    def test_a_pin_changes_who_leads(self, tmp_path: Path) -> None:
        first = document(**{**BY_POLICY, "quality": 65}, related=(entry(),))
        second = document(
            **{**BY_POLICY, "quality": 60},
            title="A bridge at last",
            web_url=entry().web_url,
            related=(entry(web_url=first.web_url, title=first.title),),
        )
        bring(tmp_path, first, second)
        heats = Article.objects.order_by("-quality").values_list("heat", flat=True)
        assert list(heats.all()) == [75, -1]
        put(tmp_path, "1.txt", document(**_fields(second), desk=Desk(pinned=True)))
        load(tmp_path)
        assert list(heats.all()) == [-1, 70]

    def test_a_pin_changes_who_leads_even_where_documents_give_the_heat(
        self, tmp_path: Path
    ) -> None:
        first = document(quality=65, heat=75, published=True, related=(entry(),))
        second = document(
            quality=60,
            heat=-1,
            published=False,
            title="A bridge at last",
            web_url=entry().web_url,
            related=(entry(web_url=first.web_url, title=first.title),),
        )
        bring(tmp_path, first, second)
        put(tmp_path, "1.txt", document(**_fields(second), desk=Desk(pinned=True)))
        load(tmp_path)
        heats = Article.objects.order_by("-quality").values_list("heat", flat=True)
        assert list(heats) == [-1, 70]


def _fields(one: ArticleDocument) -> dict[str, Any]:
    names = ("title", "web_url", "quality", "heat", "published", "related")
    return {name: getattr(one, name) for name in names}


class TestMerge:
    def test_follows_the_decisions_of_the_document(self, tmp_path: Path) -> None:
        bring(tmp_path, document(**BY_POLICY))
        version = only_article().version
        bring(tmp_path, document(**BY_POLICY, desk=Desk(decision="hold", pinned=True)))
        assert (only_article().decision, only_article().is_pinned) == ("hold", True)
        assert only_article().version == version + 1
        bring(tmp_path, document(**BY_POLICY))
        assert (only_article().decision, only_article().is_pinned) == ("", False)
        assert only_article().published
        assert [act.verb for act in Act.objects.order_by("pk")] == [
            "hold",
            "pin",
            "release",
            "unpin",
        ]

    def test_keeps_decisions_made_here(self, tmp_path: Path) -> None:
        bring(tmp_path, document(**BY_POLICY))
        take(newsdesk.schedule(only_article(), begin=EARLIER, end=LATER))
        report = bring(tmp_path, document(**BY_POLICY, excerpt="New.", desk=Desk(pinned=True)))
        assert counts(report) == {"updated": 1}
        article = only_article()
        assert (article.publish_from, article.publish_until) == (EARLIER, LATER)
        assert article.is_pinned
        # An editor who opened the article before can see that it changed, and not only in what.
        assert newsdesk.texts_at(article, article.version - 2) is None

    def test_of_different_decisions_is_a_conflict(self, tmp_path: Path) -> None:
        bring(tmp_path, document(**BY_POLICY))
        take(newsdesk.hold(only_article()), "Ours")
        theirs = Desk(decision="publish", reason="Theirs")
        report = bring(tmp_path, document(**BY_POLICY, desk=theirs))
        assert counts(report) == {"updated": 1, "conflicts": 1}
        assert only_article().decision == "hold"
        conflict = ImportConflict.objects.select_related("article").get()
        assert conflict.source == ["publish", None, "Theirs"]
        change = newsdesk.resolve([(conflict, newsdesk.Choice.SOURCE)])
        newsdesk.perform(change, by=make_user(Role.EDITOR, Role.PUBLISHER))
        assert only_article().decision == "publish"

    def test_accepting_their_decision_needs_its_permission(self, tmp_path: Path) -> None:
        bring(tmp_path, document(**BY_POLICY))
        take(newsdesk.hold(only_article()))
        bring(tmp_path, document(**BY_POLICY, desk=Desk(decision="publish")))
        conflict = ImportConflict.objects.select_related("article").get()
        change = newsdesk.resolve([(conflict, newsdesk.Choice.SOURCE)])
        assert not newsdesk.may(make_user(Role.EDITOR), change)

    def test_a_decided_article_takes_the_score_made_under_the_same_decision(
        self, tmp_path: Path
    ) -> None:
        hold = Desk(decision="hold")
        bring(tmp_path, document(quality=65, heat=65, published=False, desk=hold))
        bring(tmp_path, document(quality=65, heat=85, published=False, desk=hold))
        assert (only_article().heat, only_article().published) == (85, False)


class TestState:
    def test_of_an_article_is_its_documents(self, tmp_path: Path) -> None:
        desk = Desk(decision="hold", until=LATER, reason="Why", begin=EARLIER, pinned=True)
        one = document(**BY_POLICY, desk=desk)
        bring(tmp_path, one)
        now = datetime.now(tz=UTC)
        assert of_article(only_article(), now) == of_document(one, now) != NONE

    def test_of_nothing(self) -> None:
        now = datetime.now(tz=UTC)
        assert of_document(document(), now) == NONE
        assert not ActChange.objects.exists()
