"""Compute the suggestions that are due, and store them.

An article's candidates come from the search index (``candidates``), and are compared in full
(``ranking``, ``duplicates``). Articles leave the list of what is due in the transaction that stores
their pairs, so a worker that is killed loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from django.db import transaction

from articles.models import Article, Pair, Unsuggested, Word
from articles.suggestions import candidates, duplicates, loading, ranking
from articles.suggestions.ranking import Reason, Weighed
from articles.suggestions.reports import Report
from articles.suggestions.weights import Weights
from newsroom import bulk
from newsroom.stored_words import without_stems

COUNTED_AT_ONCE: Final = 500
AT_ONCE: Final = 20
"""Articles in one transaction."""
KEPT: Final = 12
"""How many earlier and how many later articles are stored as suggestions for one. The earlier ones are
those that it would have if all had arrived in order."""
MOST_PARTNERS: Final = 50
"""How many articles that have it among theirs are kept beyond that."""
LEAST_SCORE: Final = -0.3
"""Pairs that score less are not stored."""


class Found(NamedTuple):
    """A pair to store."""

    first: int
    second: int
    kind: str
    score: float
    reasons: list[Reason]

    @classmethod
    def of(cls, one: int, other: int, kind: Pair.Kind, score: float, why: list[Reason]) -> Self:
        return cls(min(one, other), max(one, other), kind.value, score, why)


def is_due() -> bool:
    """Return whether there is work. One query."""
    return Unsuggested.objects.exists()


def catch_up(is_stopped: Callable[[], bool] = lambda: False, most: int | None = None) -> int:
    """Compute the suggestions that are due, of about ``most`` articles; return of how many.

    All words are counted first, because how rare they are decides what is alike.
    """
    done = 0
    while not is_stopped() and (most is None or done < most):
        if count_words():
            continue
        due = Unsuggested.objects.filter(is_counted=True).order_by("pk")
        rows = list(due.values_list("pk", "article_id")[:AT_ONCE])
        if not rows:
            break
        articles = {article for _, article in rows}
        _store(articles, _find(articles), {pk for pk, _ in rows})
        done += len(articles)
    return done


def count_words() -> int:
    """Count the words of some new articles; return how many articles."""
    with transaction.atomic():
        bulk.hold_write_lock()
        due = Unsuggested.objects.filter(is_counted=False).order_by("pk")
        rows = list(due.values_list("pk", "article_id")[:COUNTED_AT_ONCE])
        if rows:
            articles = Article.objects.filter(pk__any_of={article for _, article in rows})
            counted: Counter[str] = Counter()
            for texts in articles.values_list("title_words", "excerpt_words"):
                words = (word for text in texts for word in without_stems(text or "").split())
                counted.update({"", *words})
            Word.objects.add(counted)
            Unsuggested.objects.filter(pk__any_of={pk for pk, _ in rows}).update(is_counted=True)
    return len(rows)


def _find(articles: Collection[int]) -> list[Found]:
    """Return the pairs of articles. Seven queries; for each article one, and one for each picture."""
    own = loading.reports(articles)
    weights = Weights()
    weights.load(word for report in own.values() for word in report.words)
    partners = loading.partners(own)
    pictured = loading.rare_pictures(own)
    others = {pk: _candidates(pk, report, weights) for pk, report in own.items()}
    for pk, report in own.items():
        sharing = (other for url in report.pictures for other in pictured.get(url, ()))
        others[pk] |= partners[pk].union(sharing) - {pk}
    reports = own | loading.reports(set[int]().union(*others.values()).difference(own))
    weights.load(word for report in reports.values() for word in report.words)
    weighed = {pk: ranking.weigh(report, weights.of) for pk, report in reports.items()}
    found: dict[tuple[int, int, str], Found] = {}
    for pk in own:
        beside = {other: weighed[other] for other in others[pk] if other in weighed}
        one = _One(pk, weighed[pk], beside, partners[pk], weights, frozenset(pictured))
        for pair in (*one.events(), *one.duplicates()):
            found[pair[:3]] = pair
    return [*found.values()]


def _candidates(pk: int, report: Report, weights: Weights) -> set[int]:
    rarest = candidates.rarest(report.words, weights.counts)
    return set(candidates.find(pk, rarest, report.at, weights.of))


@dataclass(frozen=True, slots=True)
class _One:
    """An article, and what it is compared with."""

    pk: int
    own: Weighed
    others: Mapping[int, Weighed]
    partners: set[int]
    """The articles that it is paired with already."""
    weights: Weights
    rare_pictures: frozenset[str]

    def events(self) -> Iterator[Found]:
        """Yield the pairs with the articles that most likely report the same event."""
        scores = {}
        for other, its in self.others.items():
            if abs(self.own.report.at - its.report.at) <= candidates.WINDOW:
                like = ranking.likeness(self.own, its, self.weights.of, self.rare_pictures)
                scores[other] = ranking.score(like)
        likely = (other for other, score in scores.items() if score >= LEAST_SCORE)
        best = sorted(likely, key=lambda other: (-scores[other], -other))
        for other in self._kept(best):
            why = ranking.reasons(
                self.own.report,
                self.others[other].report,
                self.weights.of,
                self.weights.least,
                self.rare_pictures,
            )
            yield Found.of(self.pk, other, Pair.Kind.EVENT, scores[other], why)

    def _kept(self, best: list[int]) -> Iterator[int]:
        at = self.own.report.at
        kept: Counter[object] = Counter()
        for other in best:
            side: object = self.others[other].report.at <= at
            if kept[side] == KEPT:
                side = "partner"
                if other not in self.partners or kept[side] == MOST_PARTNERS:
                    continue
            kept[side] += 1
            yield other

    def duplicates(self) -> Iterator[Found]:
        """Yield the pairs with articles that are the same report."""
        for other, its in self.others.items():
            score, why = duplicates.duplicate(self.own.report, its.report)
            if score:
                yield Found.of(self.pk, other, Pair.Kind.DUPLICATE, score, why)


def _store(articles: Collection[int], found: Sequence[Found], due: Collection[int]) -> None:
    """Replace the pairs that nobody has decided, and shorten the list of what is due."""
    columns = ("first_id", "second_id", "kind", "score", "reasons")
    with transaction.atomic():
        bulk.hold_write_lock()
        pairs = Pair.objects.of(sorted(articles))
        pairs.open().delete()
        # A verdict is about two articles, so it holds for pairs of all kinds.
        decided = set(pairs.values_list("first", "second"))
        wanted = {pk for one in found for pk in one[:2]}
        there = set(Article.objects.filter(pk__any_of=wanted).values_list("pk", flat=True))
        bulk.insert(
            Pair,
            (*columns, "verdict"),
            (
                (*one, "")
                for one in found
                if one[:2] not in decided and {one.first, one.second} <= there
            ),
        )
        Unsuggested.objects.filter(pk__any_of=due).delete()
