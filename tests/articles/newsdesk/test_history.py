"""Earlier states of an article are rebuilt from its decisions, and can be restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from articles import heat, newsdesk, roles
from articles.models import Act, ActChange, Article, Related
from articles.roles import Role
from tests.factories import NOW, make_article, make_user, relate

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]
LATER = NOW + timedelta(days=400)
SIZE = 4


def fresh(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


def do(change: newsdesk.Change, reason: str = "") -> Act:
    return newsdesk.perform(change, by=None, reason=reason, at=NOW)


def fields(article: Article) -> dict[str, Any]:
    """Return the values that editors decide for an article, with links in both directions."""
    article = fresh(article)
    names = {*newsdesk.EDITABLE, "quality", "decision", "decision_until", "is_pinned"}
    names |= {"publish_from", "publish_until"}
    return {name: getattr(article, name) for name in names} | {
        "names": set(article.related_links.values_list("target", "position")),
        "named_by": set(article.named_by_links.values_list("article", "position")),
    }


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def world() -> list[Article]:
    articles = [make_article(quality=quality) for quality in (40, 57, 57, 80)]
    articles.append(make_article(coverage_only=True, quality=50))
    relate(articles[0], articles[1], articles[4])
    relate(articles[1], articles[0])
    heat.recompute([article.pk for article in articles], at=NOW)
    return articles


numbers = st.integers(0, SIZE)
moments = st.sampled_from([None, LATER, LATER + timedelta(days=1)])
acts = st.one_of(
    st.tuples(st.just("set_quality"), numbers, st.sampled_from([None, 0, 40, 57, 70, 90])),
    st.tuples(st.sampled_from(["publish", "hold"]), numbers, moments),
    st.tuples(st.sampled_from(["withdraw", "release", "pin", "unpin"]), numbers, st.none()),
    st.tuples(st.just("schedule"), numbers, moments),
    st.tuples(st.just("edit"), numbers, st.sampled_from(["One", "Two"])),
    st.tuples(st.sampled_from(["relate", "unrelate"]), numbers, numbers),
    st.tuples(st.just("undo"), st.none(), st.none()),
)


def change_of(articles: list[Article], verb: str, number: Any, value: Any) -> newsdesk.Change:
    if verb == "undo":
        newest = Act.objects.first()
        if newest is None:
            raise newsdesk.RefusedError("Nothing was done yet.")
        return newsdesk.undo(newest)
    article = fresh(articles[number])
    match verb:
        case "set_quality":
            return newsdesk.set_quality(article, value)
        case "publish" | "hold":
            change: newsdesk.Change = getattr(newsdesk, verb)(article, until=value)
            return change
        case "schedule":
            return newsdesk.schedule(article, begin=None, end=value)
        case "edit":
            return newsdesk.edit(article, title=value)
        case "relate" | "unrelate":
            other = fresh(articles[value])
            linked: newsdesk.Change = getattr(newsdesk, verb)(article, [other])
            return linked
    simple: newsdesk.Change = getattr(newsdesk, verb)(article)
    return simple


class TestAnyHistory:
    @settings(max_examples=60)
    @given(st.lists(acts, min_size=1, max_size=8), st.data())
    def test_every_earlier_state_can_be_restored(
        self, wanted: list[tuple[str, Any, Any]], data: st.DataObject
    ) -> None:
        with taken_back():
            articles = world()
            states: dict[int, dict[int, dict[str, Any]]] = {}
            start = {article.pk: fields(article) for article in articles}
            for verb, number, value in wanted:
                try:
                    act = do(change_of(articles, verb, number, value))
                except newsdesk.RefusedError:
                    continue
                states[act.pk] = {one.pk: fields(one) for one in articles}
            touched = list(ActChange.objects.values_list("article", "act"))
            targets = [*touched, *((pk, newsdesk.START) for pk, _ in touched)]
            if not targets:
                return
            pk, act_id = data.draw(st.sampled_from(sorted(set(targets))))
            article = Article.objects.get(pk=pk)
            try:
                change = newsdesk.restore(article, act_id, at=NOW)
            except newsdesk.RefusedError:
                change = None
            if change is not None:
                assert {one.pk for one in articles} >= {
                    one.article_id for one in newsdesk.consequences(change, at=NOW)
                }
                do(change)
            then = states[act_id][pk] if act_id else start[pk]
            assert fields(article) == then
            assert not list(heat.differences(Article.objects.filter(coverage_only=False), at=NOW))
            if change is not None:
                newest = Act.objects.first()
                assert newest is not None
                do(newsdesk.undo(newest))
                everything = list(states.values())[-1]
                assert {one.pk: fields(one) for one in articles} == everything


class TestTimeline:
    def test_states(self) -> None:
        article = make_article(quality=50, title="First")
        scored = do(newsdesk.set_quality(fresh(article), 75))
        edited = do(newsdesk.edit(fresh(article), title="Second"))
        states = newsdesk.timeline(fresh(article))

        assert states.at(newsdesk.START).values["quality"] == 50
        assert states.at(scored.pk).values["quality"] == 75
        assert states.at(scored.pk).values["title"] == "First"
        assert states.at(edited.pk) == states.at(None)

    def test_imported_changes_show_with_the_next_decision(self) -> None:
        article = make_article(quality=50, title="First", excerpt="Old")
        scored = do(newsdesk.set_quality(fresh(article), 75))
        Article.objects.filter(pk=article.pk).update(title="Imported", excerpt="Imported")
        edited = do(newsdesk.edit(fresh(article), title="Mine"))
        states = newsdesk.timeline(fresh(article))

        # The edit changed the imported title; nobody has changed the excerpt since.
        assert states.at(scored.pk).values["title"] == "Imported"
        assert states.at(scored.pk).values["excerpt"] == "Imported"
        assert states.at(edited.pk).values["title"] == "Mine"

    def test_unknown_act(self) -> None:
        article = make_article()
        other = do(newsdesk.set_quality(make_article(quality=50), 75))

        with pytest.raises(newsdesk.RefusedError):
            newsdesk.restore(fresh(article), other.pk)

    def test_queries(self, django_assert_num_queries: QueryCount) -> None:
        article = make_article(quality=50)
        for size in (3, 12):
            for number in range(size):
                do(newsdesk.set_quality(fresh(article), 60 + size + number))
                do(newsdesk.relate(fresh(article), [make_article()]))
            read = fresh(article)
            # Expect 4 queries: acts, their effects on others, links from it, links to it.
            with django_assert_num_queries(4):
                newsdesk.timeline(read)


class TestRestore:
    @pytest.mark.parametrize(
        ("act", "needed"),
        [
            (lambda one: newsdesk.set_quality(one, 75), {roles.SCORE}),
            (lambda one: newsdesk.edit(one, title="Other", body="Other"), {roles.EDIT}),
            (newsdesk.hold, {roles.HOLD}),
            (newsdesk.publish, {roles.PUBLISH}),
            (newsdesk.withdraw, {roles.WITHDRAW}),
            (newsdesk.pin, {roles.PIN}),
            (lambda one: newsdesk.schedule(one, begin=LATER, end=None), {roles.SCHEDULE}),
            (lambda one: newsdesk.relate(one, [make_article()]), {roles.RELATE}),
        ],
        ids=["score", "edit", "hold", "publish", "withdraw", "pin", "schedule", "relate"],
    )
    def test_needs_what_its_fields_need(self, act: Any, needed: set[str]) -> None:
        article = make_article(quality=50)
        do(act(fresh(article)))
        change = newsdesk.restore(fresh(article), newsdesk.START)

        assert change.permissions == needed

    def test_needs_what_both_decisions_need(self) -> None:
        article = make_article(quality=50)
        held = do(newsdesk.hold(fresh(article)))
        do(newsdesk.publish(fresh(article)))
        change = newsdesk.restore(fresh(article), held.pk)

        assert change.permissions == {roles.HOLD, roles.PUBLISH}
        editor = make_user(Role.EDITOR)
        with pytest.raises(PermissionDenied):
            newsdesk.perform(change, by=editor)
        newsdesk.perform(change, by=make_user(Role.PUBLISHER), reason="held for a reason")
        stored = fresh(article)
        assert (stored.decision, stored.decision_reason) == ("hold", "held for a reason")

    def test_touches_nothing_else(self) -> None:
        article = make_article(quality=50, title="First")
        scored = do(newsdesk.set_quality(fresh(article), 75))
        do(newsdesk.edit(fresh(article), title="Second"))
        do(newsdesk.set_quality(fresh(article), 40))
        do(newsdesk.restore(fresh(article), scored.pk))

        stored = fresh(article)
        assert (stored.title, stored.quality, stored.heat) == ("First", 75, 75)
        act = Act.objects.latest("pk")
        assert act.verb == Act.Verb.RESTORE
        assert act.permissions == sorted([roles.EDIT, roles.SCORE])

    def test_does_not_restore_links_to_deleted_articles(self) -> None:
        article, stays, goes = make_article(), make_article(), make_article()
        related = do(newsdesk.relate(fresh(article), [stays, goes]))
        do(newsdesk.unrelate(fresh(article), [fresh(stays), fresh(goes)]))
        goes.delete()
        do(newsdesk.restore(fresh(article), related.pk))

        assert set(Related.objects.values_list("article", "target")) == {
            (article.pk, stays.pk),
            (stays.pk, article.pk),
        }

    def test_links_that_a_document_made_one_way_stay_so(self) -> None:
        article, named = make_article(), make_article()
        relate(article, named)
        cut = do(newsdesk.unrelate(fresh(article), [fresh(named)]))
        do(newsdesk.restore(fresh(article), newsdesk.START))

        assert list(Related.objects.values_list("article", "target")) == [(article.pk, named.pk)]
        assert cut.pk

    def test_an_expired_decision_is_not_restored(self) -> None:
        article = make_article(quality=80)
        held = do(newsdesk.hold(fresh(article), until=LATER))
        do(newsdesk.release(fresh(article)))
        after = LATER + timedelta(days=1)

        with pytest.raises(newsdesk.RefusedError):
            newsdesk.restore(fresh(article), held.pk, at=after)
        assert newsdesk.restore(fresh(article), held.pk, at=NOW).columns[article.pk] == {
            "decision": "hold",
            "decision_until": LATER,
        }

    def test_a_pin_moves_back(self) -> None:
        one, other = make_article(), make_article()
        do(newsdesk.relate(fresh(one), [fresh(other)]))
        pinned = do(newsdesk.pin(fresh(one)))
        do(newsdesk.pin(fresh(other)))
        assert not fresh(one).is_pinned
        do(newsdesk.restore(fresh(one), pinned.pk))

        assert (fresh(one).is_pinned, fresh(other).is_pinned) == (True, False)

    def test_fail_nothing_to_restore(self) -> None:
        article = make_article(quality=50)
        act = do(newsdesk.set_quality(fresh(article), 75))

        with pytest.raises(newsdesk.RefusedError, match="is already in that state"):
            newsdesk.restore(fresh(article), act.pk)

    def test_fail_stale(self) -> None:
        article = make_article(quality=50)
        do(newsdesk.set_quality(fresh(article), 75))
        change = newsdesk.restore(fresh(article), newsdesk.START)
        do(newsdesk.set_quality(fresh(article), 60))

        with pytest.raises(newsdesk.StaleError):
            do(change)


class TestEdit:
    def test_control_characters_are_left_out(self) -> None:
        article = make_article(title="First")
        do(newsdesk.edit(fresh(article), title="Sec\x9bond", body="A\x1b\n"))
        assert (fresh(article).title, fresh(article).body) == ("Second", "A\n")

    @pytest.mark.parametrize("title", ["", "\u2060", "&#8203;", "\x1b"])
    def test_fail_invisible_headline(self, title: str) -> None:
        with pytest.raises(newsdesk.RefusedError, match="needs a title"):
            newsdesk.edit(make_article(title="First"), title=title)


class TestTextsAt:
    def test_success(self) -> None:
        article = make_article(title="First", excerpt="Old")
        do(newsdesk.edit(fresh(article), title="Second"))
        do(newsdesk.set_quality(fresh(article), 61))
        do(newsdesk.edit(fresh(article), excerpt="New"))
        texts = newsdesk.texts_at(fresh(article), 1)

        assert texts is not None
        assert (texts["title"], texts["excerpt"]) == ("First", "Old")
        assert newsdesk.texts_at(fresh(article), 2) == {**texts, "title": "Second"}

    def test_unknown_before_an_import(self) -> None:
        article = make_article(title="First")
        Article.objects.filter(pk=article.pk).update(title="Imported", version=2)
        do(newsdesk.edit(fresh(article), title="Mine"))

        assert newsdesk.texts_at(fresh(article), 1) is None
        texts = newsdesk.texts_at(fresh(article), 2)
        assert texts is not None
        assert texts["title"] == "Imported"
