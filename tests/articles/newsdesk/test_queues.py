"""The queues: which articles wait in each, in which order, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from articles import newsdesk
from articles.models import Article, ImportConflict, Pair
from articles.newsdesk import queues
from articles.newsdesk.queues import BY_KEY, QUEUES
from articles.scoring import SUPERSEDED_HEAT, Policy
from tests.articles.states import CASES, Case
from tests.factories import NOW, make_article, make_pair, make_provider, make_superseded, relate

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
STATES = {
    "not-scored": Article.State.NOT_SCORED,
    "scheduled": Article.State.SCHEDULED,
    "held": Article.State.HELD,
    "withdrawn": Article.State.WITHDRAWN,
}


def waiting(key: str, **arguments: Any) -> list[Article]:
    return list(BY_KEY[key].articles(**arguments))


def why(key: str, article: Article, **arguments: Any) -> str:
    return BY_KEY[key].reasons([article], **arguments)[article.pk]


def make_decided(**overrides: Any) -> Article:
    values: dict[str, Any] = {
        "decision": "publish",
        "decided_at": NOW,
        "created_at": NOW - HOUR,
    }
    return make_article(**values | overrides)


def make_conflict(article: Article, field: str = "title", **overrides: Any) -> ImportConflict:
    return ImportConflict.objects.create(
        article=article, field=field, **{"found_at": NOW} | overrides
    )


class TestEveryQueue:
    def test_keys_are_unique(self) -> None:
        assert len(BY_KEY) == len(QUEUES) == 10

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_accepts_only_its_own_states(self, case: Case) -> None:
        article = case.make()
        for key, state in STATES.items():
            assert (article in waiting(key)) == (case.state == state), key

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_matches_no_wrong_state(self, case: Case) -> None:
        article = case.make()
        # Only this case has a heat one bonus below the threshold; other queues need more than a
        # state.
        one_away = {"below-threshold", "below-and-scheduled"}
        assert (article in waiting("one-away")) == (case.name in one_away)
        for key in (
            "better-elsewhere",
            "late-arrivals",
            "ungathered",
            "possible-duplicates",
            "import-conflicts",
        ):
            assert article not in waiting(key)

    @pytest.mark.parametrize("key", BY_KEY)
    def test_empty(self, key: str) -> None:
        assert waiting(key) == []
        assert BY_KEY[key].reasons([]) == {}

    def test_newest_first_then_by_slug(self) -> None:
        old = make_article(quality=None, published_at=NOW - HOUR)
        second = make_article(quality=None, published_at=NOW, slug="b")
        first = make_article(quality=None, published_at=NOW, slug="a")
        assert waiting("not-scored") == [first, second, old]

    @pytest.mark.parametrize("key", ["held", "scheduled"])
    def test_pages_by_key(self, key: str) -> None:
        for hours in (1, 2, 2, 3):
            moment = timezone.now() + hours * HOUR
            values: dict[str, Any] = {"decision": "hold"}
            if key == "scheduled":
                values = {"publish_from": moment}
            make_article(published_at=moment.replace(minute=0, second=0, microsecond=0), **values)
        queue = BY_KEY[key]
        everything = list(queue.articles())
        assert len(everything) == 4
        for number, article in enumerate(everything, 1):
            behind = queue.articles().filter(queue.order.behind(queue.order.cursor(article)))
            assert list(behind) == everything[number:]


class TestOneAway:
    @pytest.mark.parametrize(("heat", "is_in"), [(59, False), (60, True), (69, True), (70, False)])
    def test_heat(self, heat: int, is_in: bool) -> None:
        article = make_article(quality=55, heat=heat)
        assert (article in waiting("one-away")) == is_in

    def test_quality_must_earn_the_bonus(self) -> None:
        make_article(quality=49, heat=65)
        enough = make_article(quality=50, heat=65)
        assert waiting("one-away") == [enough]

    @pytest.mark.parametrize("decision", ["hold", "withdraw", "publish"])
    def test_decided_articles_do_not_wait(self, decision: str) -> None:
        make_article(quality=65, decision=decision, published=decision == "publish")
        assert waiting("one-away") == []

    def test_follows_the_policy(self) -> None:
        article = make_article(quality=48, heat=48)
        policy = Policy(threshold=50, bonus=2, minimum=40)
        assert waiting("one-away", policy=policy) == [article]
        assert why("one-away", article, policy=policy) == (
            "heat 48 + 2 = 50 ≥ 50 with one more linked report"
        )

    def test_superseded_never(self) -> None:
        make_superseded(quality=60)
        assert waiting("one-away", policy=Policy(threshold=5, bonus=10)) == []


class TestUngathered:
    def published(self, **overrides: Any) -> Article:
        return make_article(**{"quality": 80, "published": True} | overrides)

    def test_the_later_article_of_a_likely_pair(self) -> None:
        older, newer = self.published(title="Comet passes"), self.published()
        make_pair(older, newer, score=2)
        assert waiting("ungathered") == [newer]
        assert why("ungathered", newer) == "perhaps the same event as “Comet passes”"

    @pytest.mark.parametrize(
        "pair",
        [
            {"score": 1.9},
            {"kind": Pair.Kind.DUPLICATE},
            {"verdict": Pair.Verdict.REFUSED},
            {"verdict": Pair.Verdict.ACCEPTED},
        ],
        ids=str,
    )
    def test_other_pairs_do_not_wait(self, pair: dict[str, Any]) -> None:
        older, newer = self.published(), self.published()
        make_pair(older, newer, **pair)
        assert waiting("ungathered") == []
        assert why("ungathered", newer) == ""

    @pytest.mark.parametrize("side", [0, 1])
    @pytest.mark.parametrize(
        ("values", "is_in"),
        [
            ({"published": False}, False),
            ({"decision": "publish"}, True),
            ({"published": False, "decision": "hold"}, False),
            ({"published": False, "decision": "withdraw"}, False),
            ({"coverage_only": True, "published": False, "quality": None}, False),
        ],
        ids=str,
    )
    def test_both_must_be_published(self, side: int, values: dict[str, Any], is_in: bool) -> None:
        older, newer = (self.published(**values if number == side else {}) for number in (0, 1))
        make_pair(older, newer)
        assert waiting("ungathered") == ([newer] if is_in else [])
        if side == 0:
            assert (why("ungathered", newer) != "") == is_in

    def test_linked_articles_do_not_wait(self) -> None:
        for one_way in (True, False):
            older, newer = self.published(), self.published()
            make_pair(older, newer)
            relate(*((older, newer) if one_way else (newer, older)))
        assert waiting("ungathered") == []

    def test_reads_only_the_latest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queues, "REACH", 2)
        others = [self.published(published_at=NOW - number * HOUR) for number in (1, 2)]
        old, recent = (self.published(published_at=NOW - hours * HOUR) for hours in (3, 0))
        make_pair(others[0], old)
        make_pair(others[1], recent)
        assert waiting("ungathered") == [recent]


class TestBetterElsewhere:
    def test_would_be_published_by_its_quality(self) -> None:
        lead = make_article(quality=90, published=False, provider=make_provider(name="Star"))
        article = make_superseded(lead, quality=70)
        assert waiting("better-elsewhere", at=NOW) == [article]
        assert why("better-elsewhere", article, at=NOW) == (
            "behind Star (90), which readers cannot see; on its own its heat would be 80"
        )

    def test_would_be_published_by_its_coverage(self) -> None:
        lead = make_article(quality=60)
        article = make_superseded(lead, quality=50)
        assert waiting("better-elsewhere") == []
        relate(article, make_article(coverage_only=True, quality=None))
        assert waiting("better-elsewhere") == [article]

    def test_too_low_for_the_minimum(self) -> None:
        article = make_superseded(make_article(quality=60), quality=49)
        relate(article, *(make_article(coverage_only=True, quality=None) for _ in range(3)))
        assert waiting("better-elsewhere") == []

    def test_held_coverage_earns_nothing(self) -> None:
        article = make_superseded(make_article(quality=60), quality=50)
        relate(article, make_article(decision="hold"))
        assert waiting("better-elsewhere") == []

    def test_not_if_readers_see_the_lead(self) -> None:
        make_superseded(make_article(quality=90), quality=80)
        assert waiting("better-elsewhere") == []

    def test_not_if_readers_see_another_report_of_the_story(self) -> None:
        article = make_superseded(make_article(quality=90, publish_until=NOW), quality=80)
        assert waiting("better-elsewhere", at=NOW) == [article]
        relate(article, make_article(quality=85))
        assert waiting("better-elsewhere", at=NOW) == []

    @pytest.mark.parametrize("decision", ["hold", "withdraw", "publish"])
    def test_decided_articles_do_not_wait(self, decision: str) -> None:
        lead = make_article(quality=60)
        is_published = decision == "publish"
        make_superseded(lead, quality=80, decision=decision, published=is_published)
        assert waiting("better-elsewhere") == []

    def test_no_longer_outranked(self) -> None:
        article = make_article(quality=80, heat=SUPERSEDED_HEAT)
        assert waiting("better-elsewhere") == [article]
        assert "behind a lead that no longer outranks it" in why("better-elsewhere", article)

    def test_reads_only_the_latest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        articles = [make_article(quality=80, heat=SUPERSEDED_HEAT) for _ in range(3)]
        monkeypatch.setattr(queues, "REACH", 2)
        assert waiting("better-elsewhere") == articles[:2]


class TestLateArrivals:
    @pytest.mark.parametrize("names", [True, False])
    def test_new_coverage_after_the_decision(self, names: bool) -> None:
        decided = make_decided(title="First report", decision="hold")
        newcomer = make_article(created_at=NOW + HOUR)
        relate(*((newcomer, decided) if names else (decided, newcomer)))
        assert waiting("late-arrivals") == [newcomer]
        assert why("late-arrivals", newcomer) == (
            "arrived after “First report” was held on Mar 1, 2026 12:00 UTC"
        )

    def test_names_the_last_decision(self) -> None:
        newcomer = make_article(created_at=NOW + HOUR)
        relate(newcomer, make_decided(title="Early", decided_at=NOW - HOUR))
        relate(newcomer, make_decided(title="Last"), make_article(title="Undecided"))
        relate(newcomer, make_decided(title="Later", decided_at=NOW + 2 * HOUR))
        assert waiting("late-arrivals") == [newcomer]
        assert why("late-arrivals", newcomer).startswith("arrived after “Last” was published")

    @pytest.mark.parametrize("came", [-HOUR, timedelta(0)])
    def test_older_coverage_does_not_wait(self, came: timedelta) -> None:
        relate(make_decided(), make_article(created_at=NOW + came))
        assert waiting("late-arrivals") == []

    @pytest.mark.parametrize(
        "overrides",
        [
            {"decided_at": NOW + HOUR},
            {"decided_at": NOW + HOUR, "decision": "hold"},
            {"scored_at": NOW + HOUR},
            {"coverage_only": True, "quality": None},
        ],
    )
    def test_decided_and_coverage_only_articles_do_not_wait(
        self, overrides: dict[str, Any]
    ) -> None:
        relate(make_decided(), make_article(created_at=NOW + HOUR, **overrides))
        assert waiting("late-arrivals") == []

    def test_an_undone_decision_does_not_count(self) -> None:
        relate(make_decided(decision=""), make_article(created_at=NOW + HOUR))
        assert waiting("late-arrivals") == []

    def test_a_pin_is_a_decision(self) -> None:
        newcomer = make_article(created_at=NOW + HOUR)
        relate(make_decided(decision="", is_pinned=True), newcomer)
        assert waiting("late-arrivals") == [newcomer]
        assert "was pinned" in why("late-arrivals", newcomer)

    def test_reads_only_the_latest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        newcomers = [make_article(created_at=NOW + HOUR) for _ in range(2)]
        relate(make_decided(decided_at=NOW - HOUR), newcomers[0])
        relate(make_decided(), newcomers[1])
        monkeypatch.setattr(queues, "DECISIONS", 1)
        assert waiting("late-arrivals") == [newcomers[1]]


class TestPossibleDuplicates:
    URL = "https://paper.example/same"
    SPELLED = "http://www.paper.example/same/amp/?utm_source=x"

    def test_a_group_is_its_newest_article(self) -> None:
        old = make_article(web_url="", original_url=self.SPELLED, type="video", title="Old")
        late: dict[str, Any] = {"published_at": NOW, "web_url": self.URL}
        new = make_article(**late, slug="a", title="New")
        as_new = make_article(**late, slug="b", title="As new")
        make_article()
        assert waiting("possible-duplicates") == [new]
        assert why("possible-duplicates", new) == "same address as “As new”, “Old”"
        assert newsdesk.groups_of([new, old]) == {
            key: [new, as_new, old] for key in [new.pk, old.pk]
        }

    @pytest.mark.parametrize(
        "overrides",
        [{"decision": "hold"}, {"decision": "withdraw"}, {"coverage_only": True, "quality": None}],
    )
    def test_until_one_is_held_or_withdrawn(self, overrides: dict[str, Any]) -> None:
        stays = make_article(web_url=self.URL)
        make_article(web_url=self.SPELLED, **overrides)
        assert waiting("possible-duplicates") == []
        assert newsdesk.groups_of([stays]) == {stays.pk: [stays]}

    def test_compares_the_latest_with_articles_of_any_age(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new = make_article(web_url=self.URL)
        make_article()
        make_article(web_url=self.SPELLED, published_at=NOW - 1000 * HOUR)
        monkeypatch.setattr(queues, "REACH", 2)
        assert waiting("possible-duplicates") == [new]

    def test_is_resolved_by_keeping_one(self) -> None:
        kept, *others = (make_article(web_url=self.URL) for _ in range(10))
        change = newsdesk.keep(kept, others)
        act = newsdesk.perform(change, by=None, reason="Duplicate")
        assert waiting("possible-duplicates") == []
        held = Article.objects.filter(decision="hold", decision_reason="Duplicate")
        assert set(held) == set(others)
        assert (act.verb, act.changes.count()) == ("hold", 9)
        newsdesk.perform(newsdesk.undo(act), by=None)
        assert waiting("possible-duplicates") == [kept]
        assert not held.all().exists()

    def test_fail_if_the_kept_article_has_changed(self) -> None:
        kept, other = (make_article(web_url=self.URL) for _ in range(2))
        change = newsdesk.keep(kept, [other])
        newsdesk.perform(newsdesk.withdraw(kept), by=None)
        with pytest.raises(newsdesk.StaleError, match=kept.slug):
            newsdesk.perform(change, by=None)

    def test_fail_alone(self) -> None:
        with pytest.raises(newsdesk.RefusedError, match="nothing to do"):
            newsdesk.keep(make_article(), [])


class TestImportConflicts:
    def test_once_an_article_with_its_fields(self) -> None:
        article = make_article()
        make_conflict(article, "title")
        make_conflict(article, "excerpt")
        assert waiting("import-conflicts") == [article]
        assert why("import-conflicts", article) == (
            "edited here and changed by the source: excerpt, title"
        )

    def test_open_ones_only(self) -> None:
        make_conflict(make_article(), resolved_at=NOW)
        assert waiting("import-conflicts") == []


class TestDecided:
    def test_scheduled_ones_in_the_order_of_their_time(self) -> None:
        later = make_article(publish_from=NOW + 2 * HOUR, publish_until=NOW + 3 * HOUR)
        sooner = make_article(publish_from=NOW + HOUR)
        assert waiting("scheduled", at=NOW) == [sooner, later]
        assert why("scheduled", later) == (
            "readers see it from Mar 1, 2026 14:00 UTC until Mar 1, 2026 15:00 UTC"
        )
        assert waiting("scheduled", at=NOW + HOUR) == [later]

    def test_scheduled_ones_include_those_dated_in_the_future(self) -> None:
        dated = make_article(published_at=NOW + 3 * HOUR)
        make_article(published_at=NOW + HOUR / 4)
        make_article(published_at=NOW + HOUR, publish_until=NOW)
        both = make_article(published_at=NOW + HOUR, publish_from=NOW + 4 * HOUR)
        embargoed = make_article(publish_from=NOW + 2 * HOUR)
        assert waiting("scheduled", at=NOW) == [embargoed, dated, both]
        assert why("scheduled", dated) == (
            "dated Mar 1, 2026 15:00 UTC, in the future: readers see it from Mar 1, 2026 14:45 UTC"
        )
        assert why("scheduled", both) == "readers see it from Mar 1, 2026 16:00 UTC"

    def test_held_with_all_details(self) -> None:
        article = make_article(
            decision="hold",
            decided_by=User.objects.create(username="editor"),
            decided_at=NOW,
            decision_until=NOW + HOUR,
            decision_reason="Waiting for a second source",
        )
        assert why("held", article) == (
            "held by editor on Mar 1, 2026 12:00 UTC, until Mar 1, 2026 13:00 UTC: "
            "Waiting for a second source"
        )

    def test_withdrawn_without_details(self) -> None:
        assert why("withdrawn", make_article(decision="withdraw")) == "withdrawn"
