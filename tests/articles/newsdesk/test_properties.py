"""Properties that hold for any story after any decisions, in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles import heat, newsdesk
from articles.models import Act, Article, Pair, Related
from tests.articles.newsdesk.acting import AT, Step, World, steps, worlds

Facts = dict[int, tuple[Any, ...]]


def act(step: Step, articles: list[Article]) -> Act | None:
    """Perform a step; return None if the newsdesk refuses it."""
    try:
        return newsdesk.perform(step.change(articles), by=None, at=AT)
    except newsdesk.RefusedError:
        return None


def facts() -> Facts:
    """Return each article's lead and the values that readers and the rule use."""
    return {
        article.pk: (
            article.heat,
            article.state_at(AT),
            lead.slug if article.is_superseded and (lead := article.lead(AT)) else None,
        )
        for article in Article.objects.all()
    }


def rows() -> list[Any]:
    """Return everything that an undo must restore."""
    names = [
        field.attname
        for field in Article._meta.concrete_fields
        if field.attname not in {"version", "changed_at"}
    ]
    links = Related.objects.order_by("article", "target")
    return [
        *Article.objects.order_by("pk").values_list(*names),
        *links.values_list("article_id", "target_id", "position"),
        *Pair.objects.order_by("first", "second", "kind").values_list(
            *("first", "second", "kind", "verdict", "decided_by", "decided_at")
        ),
    ]


class TestAnyActs(TestCase):
    @budget(max_examples=60)
    @given(worlds(), st.lists(steps, min_size=4, max_size=10))
    def test_leave_what_a_full_rescore_gives(self, world: World, taken: list[Step]) -> None:
        articles = world.make()
        for step in taken:
            act(step, articles)

        assert list(heat.differences(Article.objects.all(), at=AT)) == []
        before = facts()
        heat.recompute(Article.objects.values_list("pk", flat=True), at=AT)
        assert facts() == before

    @budget(max_examples=100)
    @given(worlds(), st.lists(steps, min_size=4, max_size=8))
    def test_decisions_have_the_previewed_consequences(
        self, world: World, taken: list[Step]
    ) -> None:
        articles = world.make()
        for step in taken:
            before = facts()
            try:
                change = step.change(articles)
                told = newsdesk.consequences(change, AT)
            except newsdesk.RefusedError:
                continue
            assert facts() == before
            newsdesk.perform(change, by=None, at=AT)
            after = facts()

            def standing(one: newsdesk.Standing) -> tuple[Any, ...]:
                return one.heat, one.state, one.lead

            changed = {pk for pk in before if before[pk] != after[pk]}
            assert {one.article_id for one in told} == changed
            for one in told:
                assert standing(one.before) == before[one.article_id]
                assert standing(one.after) == after[one.article_id]

    @budget(max_examples=60)
    @given(worlds(), st.lists(steps, min_size=4, max_size=8))
    def test_undo_restores_everything(self, world: World, taken: list[Step]) -> None:
        articles = world.make()
        stages = [rows()]
        acts = []
        for step in taken:
            if done := act(step, articles):
                acts.append(done)
                stages.append(rows())
        for done in reversed(acts):
            assert rows() == stages.pop()
            newsdesk.perform(newsdesk.undo(done), by=None, at=AT)
        assert rows() == stages.pop()

    @budget(max_examples=60)
    @given(worlds(), st.lists(steps, min_size=4, max_size=8))
    def test_accepted_articles_are_linked_and_refused_ones_are_not(
        self, world: World, taken: list[Step]
    ) -> None:
        articles = world.make()
        Related.objects.all().delete()
        for step in taken:
            act(step, articles)
            links = Related.objects.values_list("article", "target")
            linked = {(min(link), max(link)) for link in links}
            pairs = Pair.objects.values_list("first", "second", "verdict")
            verdicts = {(first, second): verdict for first, second, verdict in pairs}
            assert len(set(pairs)) == len(verdicts)
            for pair, verdict in verdicts.items():
                assert verdict == (
                    "accepted" if pair in linked else verdict.replace("accepted", "")
                )
