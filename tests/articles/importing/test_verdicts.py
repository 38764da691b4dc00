"""Documents carry verdicts on suggestions to another newsroom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk, suggestions
from articles.documents import Desk, parse
from articles.importing import export, verdicts
from articles.importing.undo import undo
from articles.models import (
    Act,
    ActChange,
    Article,
    AwaitedVerdict,
    FormerAddress,
    ImportRun,
    Pair,
    Unsuggested,
)
from articles.newsdesk import integrity
from articles.roles import Role
from tests.articles.importing.test_decisions import another_newsroom, exported
from tests.articles.samples import document, entry, load, put
from tests.factories import make_user

pytestmark = pytest.mark.django_db

URLS = [f"https://{name}.example/storm" for name in ("first", "second", "third")]


def bring(folder: Path, *desks: Desk | None, batch_size: int = 500) -> list[Article]:
    """Import a document of each URL, in this order; return the articles."""
    for number, (url, desk) in enumerate(zip(URLS, desks, strict=False)):
        title = f"Storm Ylva floods Aarhus, report {number}"
        put(folder, f"{number}.txt", document(title=title, web_url=url, desk=desk))
    load(folder, batch_size=batch_size)
    return list(Article.objects.filter(coverage_only=False).order_by("url"))


def refuse(one: Article, *others: Article) -> Act:
    fresh = Article.objects.in_bulk([article.pk for article in (one, *others)])
    change = newsdesk.refuse(fresh[one.pk], [fresh[other.pk] for other in others])
    return newsdesk.perform(change, by=None)


def told() -> dict[tuple[str, str], str]:
    """Return the verdicts by the URLs of both articles."""
    pairs = Pair.objects.decided().values_list("first__url", "second__url", "verdict")
    return {(min(one, other), max(one, other)): verdict for one, other, verdict in pairs}


def desks(files: dict[str, bytes]) -> list[Desk | None]:
    documents = (parse("", data) for data in files.values())
    return [one.desk for one in sorted(documents, key=lambda one: one.url)]


class TestExport:
    def test_names_the_other_article_on_both_sides(self, tmp_path: Path) -> None:
        first, second, third = bring(tmp_path / "in", None, None, None)
        refuse(first, second)
        newsdesk.perform(newsdesk.relate(third, [first]), by=None)
        Pair.objects.create(first=second, second=third, kind="event", verdict="accepted", score=1)
        assert desks(exported(tmp_path / "out")) == [
            Desk(refused=(URLS[1],)),
            Desk(accepted=(URLS[2],), refused=(URLS[0],)),
            Desk(accepted=(URLS[1],)),
        ]

    def test_plain_leaves_them_out(self, tmp_path: Path) -> None:
        refuse(*bring(tmp_path / "in", None, None))
        assert desks(exported(tmp_path / "out", plain=True)) == [None, None]

    def test_others_stay_as_they_were(self, tmp_path: Path) -> None:
        first, second, third = bring(tmp_path / "in", None, None, None)
        before = exported(tmp_path / "out")
        act = refuse(first, second)
        after = exported(tmp_path / "out")
        assert [name for name in after if after[name] == before[name]] == [f"{third.slug}.md"]
        newsdesk.perform(newsdesk.undo(act), by=None)
        assert exported(tmp_path / "out") == before

    def test_keeps_the_spelling_of_the_document(self, tmp_path: Path) -> None:
        spelled = f"{URLS[1]}?utm_source=mail"
        _, second = bring(tmp_path / "in", Desk(refused=(spelled,)), None)
        assert desks(exported(tmp_path / "out"))[0] == Desk(refused=(spelled,))
        second.web_url = f"{URLS[1]}/moved"
        second.save()
        FormerAddress.objects.create(article=second, address_key="second.example/storm")
        assert desks(exported(tmp_path / "out"))[0] == Desk(refused=(spelled,))

    @pytest.mark.parametrize("count", [2, 40])
    def test_queries(
        self, tmp_path: Path, count: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(count):
            url = f"https://a.example/{number}"
            put(tmp_path, f"{number}.txt", document(web_url=url, title=f"Report {number}"))
        load(tmp_path)
        articles = list(Article.objects.all())
        refuse(*articles)
        documents = {one.pk: export.present(one) for one in articles}
        # Expect: verdicts; the URLs of the other articles.
        with django_assert_num_queries(2):
            verdicts.written_into(documents)


class TestRoundTrip:
    def test_is_whole(self, tmp_path: Path) -> None:
        articles = bring(tmp_path / "in", None, None, None)
        refuse(*articles)
        before, files = told(), exported(tmp_path / "out")
        with another_newsroom():
            load(tmp_path / "out", batch_size=1)
            assert told() == before
            assert exported(tmp_path / "again") == files
            suggestions.catch_up()
            assert suggestions.for_article(Article.objects.get(url=URLS[0])) == []

    def test_of_a_link_only_article_that_comes_later(self, tmp_path: Path) -> None:
        stub = entry(web_url="https://herald.example/later")
        put(tmp_path / "in", "0.txt", document(web_url=URLS[0]))
        put(tmp_path / "in", "1.txt", document(web_url=URLS[1], title="Names it", related=(stub,)))
        load(tmp_path / "in")
        refuse(Article.objects.get(url=URLS[0]), Article.objects.get(url=stub.url))
        before, files = told(), exported(tmp_path / "out")
        with another_newsroom():
            load(tmp_path / "out", batch_size=1)
            assert told() == before
            assert not AwaitedVerdict.objects.exists()
            assert exported(tmp_path / "again") == files


class TestImport:
    def test_writes_the_history(self, tmp_path: Path) -> None:
        user = make_user(Role.OPERATOR)
        both = Desk(accepted=(URLS[1],)), Desk(accepted=(URLS[0],), refused=(URLS[2],)), None
        for number, (url, desk) in enumerate(zip(URLS, both, strict=True)):
            put(tmp_path, f"{number}.txt", document(title=str(number), web_url=url, desk=desk))
        load(tmp_path, user=user)
        assert set(Pair.objects.values_list("verdict", "decided_by", "score")) == {
            ("accepted", user.pk, 0),
            ("refused", user.pk, 0),
        }
        acts = Act.objects.order_by("verb")
        assert [(act.verb, act.by, act.run) for act in acts] == [
            ("refuse", user, ImportRun.objects.get()),
            ("relate", user, ImportRun.objects.get()),
        ]
        assert ActChange.objects.count() == 4
        assert all(row.is_decided for row in ActChange.objects.all())
        newsdesk.perform(newsdesk.undo(acts[0]), by=None)
        assert list(told().values()) == ["accepted"]
        assert not [one for one in integrity.findings() if one.is_error]

    def test_waits_for_the_other_article(self, tmp_path: Path) -> None:
        bring(tmp_path, Desk(refused=(URLS[1], "https://never.example/x")))
        assert told() == {}
        assert AwaitedVerdict.objects.count() == 2
        bring(tmp_path, Desk(refused=(URLS[1], "https://never.example/x")), None)
        assert told() == {(URLS[0], URLS[1]): "refused"}
        (left,) = AwaitedVerdict.objects.all()
        assert left.address_key == "never.example/x"
        # The other article says the same now.
        assert desks(exported(tmp_path / "out")) == [
            Desk(refused=(URLS[1], "https://never.example/x")),
            Desk(refused=(URLS[0],)),
        ]

    def test_awaits_no_longer_what_a_newer_document_leaves_out(self, tmp_path: Path) -> None:
        bring(tmp_path, Desk(refused=(URLS[1],)))
        bring(tmp_path, None)
        assert not AwaitedVerdict.objects.exists()
        bring(tmp_path, None, None)
        assert told() == {}

    def test_a_refusal_wins_over_an_acceptance(self, tmp_path: Path) -> None:
        bring(tmp_path, Desk(accepted=(URLS[1],)), Desk(refused=(URLS[0],)))
        assert told() == {(URLS[0], URLS[1]): "refused"}

    def test_ignores_itself(self, tmp_path: Path) -> None:
        bring(tmp_path / "in", Desk(refused=(URLS[0],)))
        assert told() == {}
        assert not AwaitedVerdict.objects.exists()
        assert desks(exported(tmp_path / "out")) == [Desk(refused=(URLS[0],))]

    def test_can_be_undone(self, tmp_path: Path) -> None:
        articles = bring(tmp_path, None, None)
        bring(tmp_path, Desk(refused=(URLS[1],)), Desk(refused=(URLS[0],)))
        assert told() == {(URLS[0], URLS[1]): "refused"}
        done = undo(ImportRun.objects.latest("pk"))
        assert (done.restored, done.left) == (len(articles), [])
        assert told() == {}


class TestMerge:
    BOTH: tuple[Desk, Desk] = Desk(refused=(URLS[1],)), Desk(refused=(URLS[0],))

    def test_follows_the_documents(self, tmp_path: Path) -> None:
        bring(tmp_path, *self.BOTH)
        bring(tmp_path, Desk(accepted=(URLS[1],)), Desk(accepted=(URLS[0],)))
        assert told() == {(URLS[0], URLS[1]): "accepted"}
        Unsuggested.objects.all().delete()
        bring(tmp_path, None, None)
        assert told() == {}
        assert Unsuggested.objects.count() == 2
        assert Act.objects.latest("pk").verb == Act.Verb.UNDO

    def test_keeps_verdicts_given_here(self, tmp_path: Path) -> None:
        first, second = bring(tmp_path, None, None)
        refuse(first, second)
        said: list[Any] = [Desk(accepted=(URLS[1],)), None]
        bring(tmp_path, *said)
        assert told() == {(URLS[0], URLS[1]): "refused"}
        assert desks(exported(tmp_path / "out"))[0] == Desk(refused=(URLS[1],))

    def test_keeps_what_was_undone_here(self, tmp_path: Path) -> None:
        bring(tmp_path / "in", *self.BOTH)
        newsdesk.perform(newsdesk.undo(Act.objects.get()), by=None)
        assert desks(exported(tmp_path / "out")) == [None, None]
        put(tmp_path / "in", "0.txt", document(title="New", web_url=URLS[0], desk=self.BOTH[0]))
        load(tmp_path / "in")
        assert told() == {}
