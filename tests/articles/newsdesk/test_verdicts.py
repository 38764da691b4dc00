"""What editors say about suggestions, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk, suggestions
from articles.importing.undo import undo as take_back
from articles.models import Act, ActChange, Article, Change, Pair, Related, Unsuggested
from articles.newsdesk import integrity
from articles.roles import Role
from articles.tracking import editions
from tests.articles.samples import document, load, put
from tests.factories import NOW, make_article, make_pair, make_user, relate

pytestmark = pytest.mark.django_db

AT = NOW + timedelta(days=1)
LATER = AT + timedelta(hours=1)


@pytest.fixture
def two() -> tuple[Article, Article]:
    """Store two published articles, one suggested for the other."""
    one, other = make_article(slug="one"), make_article(slug="other")
    make_pair(one, other)
    return one, other


def fresh(*articles: Article) -> list[Article]:
    return [Article.objects.get(pk=article.pk) for article in articles]


def refuse(*articles: Article, by: Any = None, at: Any = AT) -> Act:
    one, *others = fresh(*articles)
    return newsdesk.perform(newsdesk.refuse(one, others), by=by, at=at)


def link(*articles: Article, by: Any = None, at: Any = AT) -> Act:
    one, *others = fresh(*articles)
    return newsdesk.perform(newsdesk.relate(one, others), by=by, at=at)


def cut(*articles: Article) -> Act:
    one, *others = fresh(*articles)
    return newsdesk.perform(newsdesk.unrelate(one, others), by=None, at=LATER)


def undo(act: Act) -> None:
    newsdesk.perform(newsdesk.undo(act), by=None, at=LATER)


def verdicts(*articles: Article) -> list[tuple[Any, ...]]:
    """Return verdict, user and time of all pairs, or of those with both articles."""
    pairs = Pair.objects.order_by("first", "second", "kind")
    for article in articles:
        pairs = pairs.of([article.pk])
    return list(pairs.values_list("verdict", "decided_by__username", "decided_at"))


def offered(article: Article) -> list[Article]:
    return [one.other for one in suggestions.for_article(article)]


class TestRefuse:
    def test_remembers_who_and_when(self, two: tuple[Article, Article]) -> None:
        refuse(*two, by=make_user(Role.EDITOR, username="edith"))
        assert verdicts() == [("refused", "edith", AT)]
        assert offered(two[0]) == offered(two[1]) == []

    def test_changes_nothing_for_readers(self, two: tuple[Article, Article]) -> None:
        before = editions.current(), list(Change.objects.values())
        rows = list(Article.objects.values_list("heat", "published", "version"))
        change = newsdesk.refuse(*two[:1], two[1:])
        assert newsdesk.consequences(change, AT) == []
        newsdesk.perform(change, by=None, at=AT)
        assert (editions.current(), list(Change.objects.values())) == before
        assert list(Article.objects.values_list("heat", "published", "version")) == rows

    def test_is_in_the_history_of_both(self, two: tuple[Article, Article]) -> None:
        act = refuse(*two)
        assert set(act.changes.values_list("article", flat=True)) == {one.pk for one in two}
        assert all(row.is_decided for row in ActChange.objects.all())

    def test_needs_the_permission_to_link(self, two: tuple[Article, Article]) -> None:
        with pytest.raises(PermissionDenied):
            refuse(*two, by=make_user(Role.VIEWER))
        assert verdicts() == [("", None, None)]

    def test_fail_if_an_article_changed(self, two: tuple[Article, Article]) -> None:
        change = newsdesk.refuse(two[0], two[1:])
        newsdesk.perform(newsdesk.set_quality(fresh(two[1])[0], 3), by=None)
        with pytest.raises(newsdesk.StaleError, match="other"):
            newsdesk.perform(change, by=None)
        assert verdicts() == [("", None, None)]

    def test_fail_twice(self, two: tuple[Article, Article]) -> None:
        refuse(*two)
        with pytest.raises(newsdesk.RefusedError, match="already"):
            refuse(*two[::-1])

    def test_fail_of_linked_articles(self, two: tuple[Article, Article]) -> None:
        relate(two[1], two[0])
        with pytest.raises(newsdesk.RefusedError, match="Unlink them first"):
            refuse(*two)

    def test_several_at_once(self, two: tuple[Article, Article]) -> None:
        third = make_article()
        refuse(*two)
        refuse(*two, third)
        assert [verdict for verdict, *_ in verdicts()] == ["refused", "refused"]

    def test_holds_for_duplicates(self, two: tuple[Article, Article]) -> None:
        make_pair(*two, kind=Pair.Kind.DUPLICATE)
        refuse(*two)
        assert verdicts() == [("refused", None, AT)] * 2
        assert suggestions.for_article(two[0], kind=Pair.Kind.DUPLICATE) == []

    def test_queries(
        self, two: tuple[Article, Article], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # The links between them, and the verdicts on them.
        with django_assert_num_queries(2):
            newsdesk.refuse(two[0], two[1:])


class TestForever:
    TITLE, TEXT = (
        "Storm Ylva floods Aarhus",
        "Water stood in the streets of Aarhus all Monday night.",
    )

    def load(self, folder: Path, **changes: Any) -> list[Article]:
        for number, word in enumerate(("weather", "market", "budget", "council", "harbor")):
            url = f"https://daily.example/{word}"
            made = document(title=f"The {word} of today", excerpt=f"About {word}.", web_url=url)
            put(folder, f"{number}.md", made)
        for name in ("first", "second"):
            url = f"https://{name}.example/storm"
            texts = {"title": f"{self.TITLE}, {name} report", "excerpt": self.TEXT}
            put(folder, f"{name}.md", document(web_url=url, **texts | changes))
        load(folder)
        suggestions.catch_up()
        return list(Article.objects.filter(title__contains="Ylva").order_by("pk"))

    def test_new_texts_bring_no_suggestion_back(self, tmp_path: Path) -> None:
        first, second = self.load(tmp_path)
        assert offered(first) == [second]
        Pair.objects.filter(kind=Pair.Kind.DUPLICATE).delete()
        refuse(first, second)
        changed = self.load(tmp_path, title=f"{self.TITLE} again and again")
        assert [one.pk for one in changed] == [first.pk, second.pk]
        assert offered(first) == []
        assert verdicts(first, second) == [("refused", None, AT)]

    def test_undoing_the_import_leaves_the_articles(self, tmp_path: Path) -> None:
        first, second = self.load(tmp_path)
        refuse(first, second, at=None)
        run = first.source_document.run
        assert run is not None
        undone = [one.slug for one in take_back(run).left]
        assert sorted(undone) == sorted([first.slug, second.slug])
        assert Pair.objects.filter(verdict=Pair.Verdict.REFUSED).exists()


class TestUndo:
    def test_suggests_again(self, two: tuple[Article, Article]) -> None:
        undo(refuse(*two))
        assert verdicts() == [("", None, None)]
        assert offered(two[0]) == [two[1]]
        due = Unsuggested.objects.values_list("article", flat=True)
        assert set(due) == {one.pk for one in two}

    def test_forgets_what_was_never_suggested(self) -> None:
        one, other = make_article(), make_article()
        act = refuse(one, other)
        assert verdicts() == [("refused", None, AT)]
        undo(act)
        assert verdicts() == []

    def test_fail_if_linked_since(self, two: tuple[Article, Article]) -> None:
        act = refuse(*two)
        link(*two, at=LATER)
        with pytest.raises(newsdesk.RefusedError, match="changed again since"):
            newsdesk.undo(act)

    def test_fail_if_refused_again_since(self, two: tuple[Article, Article]) -> None:
        act = refuse(*two)
        link(*two)
        cut(*two)
        refuse(*two, at=LATER)
        with pytest.raises(newsdesk.RefusedError, match="changed again since"):
            newsdesk.undo(act)


class TestLinks:
    def test_accept(self, two: tuple[Article, Article]) -> None:
        make_pair(*two, kind=Pair.Kind.DUPLICATE)
        make_pair(two[0], make_article())
        act = link(*two, by=make_user(Role.EDITOR, username="edith"))
        accepted = ("accepted", "edith", AT)
        assert sorted(verdicts(), key=str) == [("", None, None), accepted, accepted]
        undo(act)
        assert verdicts() == [("", None, None)] * 3

    def test_accept_only_what_was_suggested(self) -> None:
        link(make_article(), make_article())
        assert verdicts() == []

    def test_of_a_link_only_article(self) -> None:
        one, stub = make_article(), make_article(coverage_only=True, quality=None)
        make_pair(one, stub)
        act = link(one, stub)
        assert verdicts() == [("accepted", None, AT)]
        states = newsdesk.timeline(fresh(stub)[0])
        assert states.after[act.pk].named_by == {one.pk: 0}
        assert states.after[newsdesk.START].named_by == {}
        undo(act)
        assert verdicts() == [("", None, None)]

    def test_win_over_a_refusal_until_they_are_undone(self, two: tuple[Article, Article]) -> None:
        refuse(*two, by=make_user(Role.EDITOR, username="edith"))
        act = link(*two, at=LATER)
        assert verdicts() == [("accepted", None, LATER)]
        undo(act)
        assert verdicts() == [("refused", "edith", AT)]

    def test_stories_that_merge(self) -> None:
        stories = [[make_article(), make_article()] for _ in range(2)]
        for story in stories:
            make_pair(story[0], stories[0][1] if story is stories[1] else stories[1][1])
        newsdesk.perform(newsdesk.merge(*stories), by=None, at=AT)
        assert verdicts() == [("accepted", None, AT)] * 2

    def test_cut_open_the_suggestion(self, two: tuple[Article, Article]) -> None:
        link(*two)
        act = cut(*two)
        assert verdicts() == [("", None, None)]
        undo(act)
        assert verdicts() == [("accepted", None, AT)]

    def test_cut_one_way_leave_it(self, two: tuple[Article, Article]) -> None:
        relate(two[1], two[0])
        act = link(*two)
        undo(act)
        link(*two)
        assert Related.objects.count() == 2
        state = newsdesk.restore(fresh(two[0])[0], newsdesk.START)
        newsdesk.perform(state, by=None, at=LATER)
        assert Related.objects.count() == 1
        assert verdicts() == [("accepted", None, AT)]

    def test_decisions_about_single_articles_need_no_query_for_pairs(
        self, two: tuple[Article, Article], django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(50) as queries:
            newsdesk.perform(newsdesk.set_quality(two[0], 3), by=None)
        assert not [one for one in queries.captured_queries if "articles_pair" in one["sql"]]


class TestIntegrity:
    def test_two_verdicts(self, two: tuple[Article, Article]) -> None:
        make_pair(*two, kind=Pair.Kind.DUPLICATE, verdict=Pair.Verdict.REFUSED)
        (error,) = (one for one in integrity.findings() if one.is_error)
        assert (error.kind, error.slug) == ("two verdicts", "one")
        assert "with other" in error.message

    def test_refused_articles_that_a_document_links(self, two: tuple[Article, Article]) -> None:
        make_pair(*two, kind=Pair.Kind.DUPLICATE)
        refuse(*two)
        relate(two[1], two[0])
        (note,) = (one for one in integrity.findings() if one.kind == "refused link")
        assert (note.slug, note.is_error) == ("one", False)
        assert "linked to other" in note.message
