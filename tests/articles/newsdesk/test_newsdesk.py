"""What decisions change, leave alone and record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import heat, newsdesk
from articles.models import Act, Article, ImportConflict, PolicyVersion, Related
from articles.newsdesk import integrity
from articles.roles import Role
from articles.scoring import SUPERSEDED_HEAT, Decision
from tests.factories import NOW, make_article, make_user, relate

pytestmark = pytest.mark.django_db

AT = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def story() -> list[Article]:
    """Return a lead of quality 57, linked both ways with two lower reports: heat 77."""
    lead, second, third = (
        make_article(slug=slug, quality=quality)
        for slug, quality in (("lead", 57), ("second", 53), ("third", 39))
    )
    relate(lead, second, third)
    relate(second, lead)
    relate(third, lead)
    heat.recompute([lead.pk, second.pk, third.pk], at=AT)
    return fresh(lead, second, third)


def fresh(*articles: Article) -> list[Article]:
    """Return the stored articles."""
    stored = Article.objects.in_bulk([article.pk for article in articles])
    return [stored[article.pk] for article in articles]


def heats(*articles: Article) -> list[int | None]:
    """Return the stored heat of articles."""
    return [article.heat for article in fresh(*articles)]


class TestScore:
    def test_recomputes_the_story_and_nothing_else(self) -> None:
        lead, second, third = story()
        # The document gave its heat, and no decision has changed it.
        bystander = make_article(quality=10, heat=99, heat_is_given=True)
        newsdesk.perform(newsdesk.set_quality(second, 60), by=None, at=AT)

        assert heats(lead, second, third) == [SUPERSEDED_HEAT, 70, SUPERSEDED_HEAT]
        assert heats(bystander) == [99]
        assert fresh(second)[0].scored_at == AT

    def test_only_what_was_decided_gets_a_new_version(self) -> None:
        lead, second, third = story()
        newsdesk.perform(newsdesk.set_quality(second, 60), by=None, at=AT)
        versions = [article.version for article in fresh(lead, second, third)]
        assert versions == [lead.version, second.version + 1, third.version]

    @pytest.mark.parametrize("quality", [-1, 1001])
    def test_fail_out_of_range(self, quality: int) -> None:
        with pytest.raises(newsdesk.RefusedError, match="from 0 to 1,000"):
            newsdesk.set_quality(make_article(), quality)

    def test_uses_the_policy_in_force(self) -> None:
        lead, _, _ = story()
        PolicyVersion.objects.create(threshold=90, bonus=15)
        newsdesk.perform(newsdesk.set_quality(lead, 59), by=None, at=AT)
        assert heats(lead) == [89]
        assert not fresh(lead)[0].published


class TestDecisions:
    def test_entries_have_who_when_and_why(self) -> None:
        user = make_user(Role.EDITOR)
        article = make_article()
        act = newsdesk.perform(
            newsdesk.hold(article, until=AT + HOUR), by=user, reason="Waits for a call.", at=AT
        )
        (held,) = fresh(article)
        assert (held.decision, held.decision_reason) == ("hold", "Waits for a call.")
        assert (held.decided_by, held.decided_at) == (user, AT)
        assert held.decision_until == AT + HOUR
        assert (act.by, act.at, act.reason) == (user, AT, "Waits for a call.")

    def test_fail_until_a_past_time(self) -> None:
        article = make_article()
        with pytest.raises(newsdesk.RefusedError, match="already be over"):
            newsdesk.perform(newsdesk.hold(article, until=AT), by=None, at=AT)
        assert Act.objects.count() == 0

    def test_an_expired_decision_ends_with_the_next_decision(self) -> None:
        lead, second, _ = story()
        newsdesk.perform(newsdesk.hold(lead, until=AT + HOUR), by=None, at=AT)
        assert heats(second) == [53]
        (second,) = fresh(second)
        newsdesk.perform(newsdesk.set_quality(second, 54), by=None, at=AT + HOUR)
        assert heats(lead, second) == [77, SUPERSEDED_HEAT]
        assert fresh(lead)[0].decision == ""

    def test_a_pin_moves(self) -> None:
        lead, second, third = story()
        newsdesk.perform(newsdesk.pin(third), by=None, at=AT)
        assert heats(lead, third) == [SUPERSEDED_HEAT, 39]
        (lead,) = fresh(lead)
        act = newsdesk.perform(newsdesk.pin(lead), by=None, at=AT)
        assert [one.is_pinned for one in fresh(lead, third)] == [True, False]
        newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        assert [one.is_pinned for one in fresh(lead, third)] == [False, True]
        assert heats(second) == [SUPERSEDED_HEAT]

    def test_pinning_and_unpinning_note_who_and_when(self) -> None:
        user, other = make_user(Role.PUBLISHER), make_user(Role.PUBLISHER)
        article = make_article()
        newsdesk.perform(newsdesk.pin(article), by=user, at=AT)
        (article,) = fresh(article)
        assert (article.decided_by, article.decided_at) == (user, AT)
        newsdesk.perform(newsdesk.unpin(article), by=other, at=AT + HOUR)
        (article,) = fresh(article)
        assert (article.decided_by, article.decided_at) == (other, AT + HOUR)

    def test_a_decision_that_ends_raises_the_version(self) -> None:
        lead, second, _ = story()
        newsdesk.perform(newsdesk.hold(lead, until=AT + HOUR), by=None, at=AT)
        (held, second) = fresh(lead, second)
        newsdesk.perform(newsdesk.set_quality(second, 54), by=None, at=AT + HOUR)
        (ended,) = fresh(lead)
        assert (ended.decision, ended.decision_until) == ("", None)
        assert (ended.version, ended.changed_at) == (held.version + 1, AT + HOUR)

    @pytest.mark.parametrize(
        ("at", "is_held"),
        [(AT - TICK, True), (AT, False), (AT + TICK, False)],
        ids=["before", "at", "after"],
    )
    def test_the_moment_at_which_a_decision_ends(self, at: datetime, is_held: bool) -> None:
        lead, second, _ = story()
        newsdesk.perform(newsdesk.hold(lead, until=AT), by=None, at=AT - HOUR)
        (held, second) = fresh(lead, second)
        assert (held.contender(at).decision == Decision.HOLD) is is_held
        assert ("until" in newsdesk.explain(held, at)) is is_held
        assert ("over since" in newsdesk.explain(held, at)) is not is_held
        counted: Any = Article.objects.filter(pk=second.pk).with_story_size(at).get()
        assert counted.story_size == (0 if is_held else 1)
        receipt = heat.receipts([second.pk], at=at)[second.pk]
        assert [one.slug for one in receipt.superseded_by] == ([] if is_held else ["lead"])
        newsdesk.perform(newsdesk.set_quality(second, 54), by=None, at=at)
        assert (fresh(lead)[0].decision == "hold") is is_held

    def test_an_embargo_lets_the_next_best_lead(self) -> None:
        lead, second, _ = story()
        change = newsdesk.schedule(lead, begin=AT + HOUR, end=None)
        states = {
            one.slug: (one.before.state, one.after.state, one.after.lead)
            for one in newsdesk.consequences(change, AT)
        }
        assert states[lead.slug] == ("published", "scheduled", None)
        assert states[second.slug][0] == "superseded"
        assert states[second.slug][1] != "superseded"
        given = lead.heat
        newsdesk.perform(change, by=None, at=AT)
        assert heats(lead) == [given]
        assert heats(second) != [SUPERSEDED_HEAT]
        assert "not before" in newsdesk.explain(fresh(lead)[0], AT)
        receipt = heat.receipts([second.pk], at=AT)[second.pk]
        assert f"scheduled until {AT + HOUR:%Y-%m-%d %H:%M} UTC" in str(receipt)

    def test_a_schedule_that_hides_nothing_changes_no_heat(self) -> None:
        lead, second, _ = story()
        Article.objects.filter(pk=second.pk).update(heat=33, heat_is_given=True)
        newsdesk.perform(newsdesk.schedule(lead, begin=None, end=AT + HOUR), by=None, at=AT)
        assert heats(second) == [33]

    def test_explains_a_date_in_the_future(self) -> None:
        article = make_article(published_at=AT + HOUR)
        assert newsdesk.explain(article, AT).endswith(
            f"dated {AT + HOUR:%Y-%m-%d %H:%M} UTC, in the future: "
            f"not before {AT + HOUR * 0.75:%Y-%m-%d %H:%M} UTC"
        )

    def test_fail_schedule_out_of_order(self) -> None:
        with pytest.raises(newsdesk.RefusedError, match="must come before"):
            newsdesk.schedule(make_article(), begin=AT, end=AT)


class TestRelations:
    def test_links_both_ways_after_the_existing_ones(self) -> None:
        lead, second, _ = story()
        newcomer = make_article(quality=20)
        newsdesk.perform(newsdesk.relate(lead, [newcomer]), by=None, at=AT)
        links = Related.objects.values_list("article", "target", "position")
        assert (lead.pk, newcomer.pk, 2) in links
        assert (newcomer.pk, lead.pk, 0) in links
        assert heats(lead, newcomer) == [87, SUPERSEDED_HEAT]
        assert fresh(second)[0].version == second.version

    def test_coverage_only_articles_have_no_links(self) -> None:
        lead, *_ = story()
        stub = make_article(coverage_only=True, quality=None)
        newsdesk.perform(newsdesk.relate(stub, [lead]), by=None, at=AT)
        assert heats(lead) == [87]
        assert not stub.related_links.exists()

    def test_coverage_that_an_editor_unlinked_is_not_an_error(self) -> None:
        lead = make_article()
        stub = make_article(coverage_only=True, quality=None)
        relate(lead, stub)
        heat.recompute([lead.pk], at=AT)
        newsdesk.perform(newsdesk.unrelate(lead, fresh(stub)), by=None, at=AT)
        assert list(integrity.findings()) == []
        assert stub.act_changes.get().act.verb == "unrelate"

    def test_merge_relates_every_member_of_one_to_every_member_of_the_other(self) -> None:
        lead, second, third = story()
        best, worst = make_article(quality=80), make_article(quality=30)
        relate(best, worst)
        relate(worst, best)
        newsdesk.perform(
            newsdesk.merge(newsdesk.story_of(third).members, newsdesk.story_of(worst).members),
            by=None,
            at=AT,
        )
        assert heats(best, worst, lead, second, third) == [120, -1, -1, -1, -1]
        assert [one.pk for one in newsdesk.story_of(second).members] == [
            one.pk for one in (best, lead, second, third, worst)
        ]

    def test_split_cuts_every_link_between(self) -> None:
        lead, second, third = story()
        newsdesk.perform(newsdesk.split([third], [lead, second]), by=None, at=AT)
        assert heats(lead, second, third) == [67, SUPERSEDED_HEAT, 39]

    def test_fail_too_many(self) -> None:
        articles = [Article(pk=pk, slug=str(pk)) for pk in range(1, 121)]
        with pytest.raises(newsdesk.RefusedError, match="Choose fewer"):
            newsdesk.merge(articles[:60], articles[60:])


class TestStory:
    def test_is_found_from_every_member(self) -> None:
        lead, second, third = story()
        for member in (lead, second, third):
            assert [one.pk for one in newsdesk.story_of(member).members] == [
                lead.pk,
                second.pk,
                third.pk,
            ]

    def test_a_held_member_leads_nothing_and_comes_last(self) -> None:
        lead, second, third = story()
        best = make_article(slug="best", quality=90)
        newsdesk.perform(newsdesk.merge([best], [lead, second, third]), by=None, at=AT)
        newsdesk.perform(newsdesk.hold(*fresh(best)), by=None, at=AT)
        (third,) = fresh(third)
        found = newsdesk.story_of(third, AT)
        assert found.lead == lead
        assert [one.slug for one in found.members] == ["lead", "second", "third", "best"]

    def test_queries(self, django_assert_num_queries: Callable[[int], Any]) -> None:
        _, second, _ = story()
        # Expect: keys of its story, its members; the same for its lead.
        with django_assert_num_queries(4):
            assert len(newsdesk.story_of(second).members) == 3


class TestLostUpdates:
    def test_fail_changed_meanwhile(self) -> None:
        article = make_article()
        mine = newsdesk.set_quality(article, 40)
        newsdesk.perform(newsdesk.edit(article, title="Theirs"), by=None, at=AT)
        with pytest.raises(newsdesk.StaleError) as raised:
            newsdesk.perform(mine, by=None, at=AT)
        assert raised.value.slugs == [article.slug]
        assert fresh(article)[0].quality == 80
        with pytest.raises(newsdesk.StaleError):
            newsdesk.consequences(mine, AT)

    def test_fail_deleted_meanwhile(self) -> None:
        article = make_article()
        change = newsdesk.set_quality(article, 40)
        Article.objects.all().delete()
        with pytest.raises(newsdesk.StaleError):
            newsdesk.perform(change, by=None, at=AT)


class TestUndo:
    def test_fail_twice(self) -> None:
        act = newsdesk.perform(newsdesk.set_quality(make_article(), 40), by=None, at=AT)
        newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        with pytest.raises(newsdesk.RefusedError, match="undone already"):
            newsdesk.undo(act)

    def test_fail_after_a_later_change_of_the_same_value(self) -> None:
        article = make_article()
        act = newsdesk.perform(newsdesk.set_quality(article, 40), by=None, at=AT)
        (article,) = fresh(article)
        newsdesk.perform(newsdesk.set_quality(article, 41), by=None, at=AT + HOUR)
        with pytest.raises(newsdesk.RefusedError, match="changed again since"):
            newsdesk.undo(act)

    def test_fail_when_a_cut_link_exists_again(self) -> None:
        lead, second, _ = story()
        act = newsdesk.perform(newsdesk.unrelate(lead, [second]), by=None, at=AT)
        newsdesk.perform(newsdesk.relate(fresh(lead)[0], fresh(second)), by=None, at=AT)
        with pytest.raises(newsdesk.RefusedError, match="changed again since"):
            newsdesk.undo(act)

    def test_leaves_a_later_change_of_another_kind(self) -> None:
        article = make_article()
        act = newsdesk.perform(newsdesk.set_quality(article, 40), by=None, at=AT)
        (article,) = fresh(article)
        newsdesk.perform(newsdesk.edit(article, title="Later"), by=None, at=AT)
        newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        (article,) = fresh(article)
        assert (article.quality, article.title) == (80, "Later")

    def test_needs_what_the_act_needed(self) -> None:
        act = newsdesk.perform(newsdesk.withdraw(make_article()), by=None, at=AT)
        assert not newsdesk.may(make_user(Role.EDITOR), newsdesk.undo(act))
        assert newsdesk.may(make_user(Role.PUBLISHER), newsdesk.undo(act))

    def test_can_itself_be_undone(self) -> None:
        article = make_article()
        act = newsdesk.perform(newsdesk.set_quality(article, 40), by=None, at=AT)
        undone = newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        newsdesk.perform(newsdesk.undo(undone), by=None, at=AT)
        assert heats(article) == [40]

    def test_reopens_a_resolved_conflict(self) -> None:
        article = make_article()
        conflict = ImportConflict.objects.create(article=article, field="quality", found_at=NOW)
        change = newsdesk.Change(
            newsdesk.Verb.RESOLVE,
            frozenset(),
            {article.pk: article.version},
            {article.pk: {"quality": 50}},
            resolves=frozenset({conflict.pk}),
        )
        act = newsdesk.perform(change, by=None, at=AT)
        conflict.refresh_from_db()
        assert conflict.resolved_at == AT
        newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        conflict.refresh_from_db()
        assert conflict.resolved_at is None


class TestTogether:
    def test_is_one_act(self) -> None:
        articles = [make_article(quality=None) for _ in range(3)]
        changes = [newsdesk.set_quality(article, 75) for article in articles]
        act = newsdesk.perform(newsdesk.together(changes), by=None, at=AT)
        assert heats(*articles) == [75, 75, 75]
        newsdesk.perform(newsdesk.undo(act), by=None, at=AT)
        assert heats(*articles) == [None, None, None]

    def test_fail_nothing(self) -> None:
        with pytest.raises(newsdesk.RefusedError, match="nothing to do"):
            newsdesk.together([])

    def test_queries_do_not_grow(self) -> None:
        def queries(size: int) -> int:
            articles = [make_article(quality=None) for _ in range(size)]
            relate(articles[0], *articles[1:])
            changes = [newsdesk.set_quality(article, 75) for article in articles]
            with CaptureQueriesContext(connection) as captured:
                newsdesk.perform(newsdesk.together(changes), by=None, at=AT)
            return len(captured)

        assert queries(3) == queries(30)


class TestHistory:
    def test_has_the_decided_articles_and_those_whose_heat_changed(self) -> None:
        lead, second, third = story()
        act = newsdesk.perform(newsdesk.hold(lead), by=None, reason="Why not", at=AT)
        changes = {change.article_id: change for change in act.changes.all()}
        assert changes.keys() == {lead.pk, second.pk, third.pk}
        assert changes[lead.pk].before["decision"] == ""
        assert changes[lead.pk].after["decision"] == "hold"
        assert changes[lead.pk].is_decided
        assert not changes[second.pk].is_decided
        assert (changes[second.pk].heat_before, changes[second.pk].heat_after) == (-1, 53)

    def test_queries(self, django_assert_num_queries: Callable[[int], Any]) -> None:
        lead, *_ = story()
        change = newsdesk.hold(lead)
        # Expect: policy; article; links to it; links from all of these; their articles; links to
        # changed ones.
        with django_assert_num_queries(6):
            newsdesk.consequences(change, AT)


class TestExplain:
    def test_lead(self) -> None:
        lead, *_ = story()
        words = newsdesk.explain(lead, AT)
        assert words.startswith("quality 57 + 2 related × 10 = 77 ≥ 70: published; leads ")  # noqa: RUF001
        assert "(53), " in words
        assert words.endswith("(39)")

    def test_superseded(self) -> None:
        _, second, _ = story()
        assert "superseded by " in newsdesk.explain(second, AT)
        assert "(57), better by 4: heat -1" in newsdesk.explain(second, AT)

    def test_overridden(self) -> None:
        lead, *_ = story()
        user = make_user(Role.EDITOR, username="kim")
        change = newsdesk.hold(lead, until=AT + HOUR)
        newsdesk.perform(change, by=user, reason="Waits for a call.", at=AT)
        assert newsdesk.explain(fresh(lead)[0], AT).endswith(
            "held by kim on 2026-03-02 12:00 UTC because: Waits for a call., "
            "until 2026-03-02 13:00 UTC"
        )

    def test_as_the_document_gave_it(self) -> None:
        article = make_article(quality=50, heat=99, heat_is_given=True)
        assert newsdesk.explain(article, AT) == (
            "heat 99, published: its document says so; the policy gives 50: quality 50 < 70: "
            "not published"
        )

    def test_coverage_only(self) -> None:
        assert "it has no heat" in newsdesk.explain(make_article(coverage_only=True), AT)
