"""Compute the suggestions that are due, and store them.

An article's candidates come from the search index (``candidates``), and are compared in full
(``ranking``, ``duplicates``). Whoever is killed loses nothing: the list of what is due gets shorter in
the transaction that stores the pairs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Self

from django.db import transaction

from articles.models import Article, Image, Pair, Unsuggested, Word
from articles.suggestions import candidates, duplicates, ranking
from articles.suggestions.ranking import Reason
from articles.suggestions.reports import Report
from articles.suggestions.weights import Weights
from newsroom import bulk
from newsroom.words import words

COUNTED_AT_ONCE: Final = 500
AT_ONCE: Final = 20
"""Articles in one transaction."""
KEPT: Final = 12
"""How many articles are stored as suggestions for one. Others may name it as well."""
MOST_NAMING: Final = 50
"""How many articles that have it among theirs are kept beyond that."""
LEAST_SCORE: Final = 0.0
"""Pairs that score less are not stored."""
FEW: Final = 4
"""A picture that more articles have, such as a logo, says nothing."""
LONGEST: Final = 300
"""Words of an excerpt that are compared."""


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


def compute(articles: Iterable[int]) -> None:
    """Compute and store the suggestions for articles, whether they are due or not."""
    for some in _pieces(sorted(set(articles))):
        _store(some, _find(some), ())


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
                counted.update({"", *(word for text in texts for word in (text or "").split())})
            Word.objects.add(counted)
            Unsuggested.objects.filter(pk__any_of={pk for pk, _ in rows}).update(is_counted=True)
    return len(rows)


def _pieces(articles: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(articles), AT_ONCE):
        yield articles[start : start + AT_ONCE]


def _find(articles: Collection[int]) -> list[Found]:
    """Return the pairs of articles. Five queries, and two for each article."""
    own = _reports(articles)
    weights = Weights()
    weights.load(word for report, _ in own.values() for word in report.words)
    naming = _naming(own)
    pictured = _pictured(own)
    others = {pk: _candidates(pk, report, weights) for pk, (report, _) in own.items()}
    for pk, (report, _) in own.items():
        sharing = (other for url in report.pictures for other in pictured.get(url, ()))
        others[pk] = others[pk] | naming[pk].union(sharing) - {pk}
    reports = own | _reports({pk for some in others.values() for pk in some}.difference(own))
    weights.load(word for report, _ in reports.values() for word in report.words)
    found: dict[tuple[int, int, str], Found] = {}
    for pk in own:
        beside = {other: reports[other] for other in others[pk] if other in reports}
        for one in _pairs(pk, own[pk], beside, weights, frozenset(pictured), naming[pk]):
            found[one[:3]] = one
    return [*found.values()]


def _pairs(
    pk: int,
    own: tuple[Report, bool],
    others: Mapping[int, tuple[Report, bool]],
    weights: Weights,
    rare_pictures: frozenset[str],
    naming: Collection[int],
) -> Iterator[Found]:
    report, reuses = own
    scores = {}
    for other, (its, also_reuses) in others.items():
        if abs(report.at - its.at) > candidates.WINDOW:
            continue
        score = ranking.score(ranking.likeness(report, its, weights, rare_pictures))
        if score >= LEAST_SCORE:
            scores[other] = score
        same, why = duplicates.duplicate(report, its, reuse_titles=reuses or also_reuses)
        if same:
            yield Found.of(pk, other, Pair.Kind.DUPLICATE, same, why)
    best = sorted(scores, key=lambda other: (-scores[other], -other))
    also = [other for other in best[KEPT:] if other in naming][:MOST_NAMING]
    for other in (*best[:KEPT], *also):
        its = others[other][0]
        why = ranking.reasons(report, its, weights, weights.least, rare_pictures)
        yield Found.of(pk, other, Pair.Kind.EVENT, scores[other], why)


def _reports(articles: Collection[int]) -> dict[int, tuple[Report, bool]]:
    """Return what is compared of articles, and whether each provider reuses headlines. Two queries."""
    pictures: dict[int, set[str]] = defaultdict(set)
    images = Image.objects.filter(article__any_of=articles).order_by()
    for pk, url in images.values_list("article_id", "url"):
        pictures[pk].add(url)
    rows = Article.objects.filter(pk__any_of=articles).order_by()
    columns = ("title", "excerpt", "title_words", "excerpt_words", "published_at")
    return {
        pk: (
            Report(
                title,
                excerpt,
                _split(title_words, title),
                _split(excerpt_words, excerpt),
                at,
                frozenset(pictures[pk]),
            ),
            False,
        )
        for pk, title, excerpt, title_words, excerpt_words, at in rows.values_list("pk", *columns)
    }


def _split(stored: str | None, text: str) -> tuple[str, ...]:
    found = words(text) if stored is None else stored.split()
    return tuple(found[:LONGEST])


def _candidates(pk: int, report: Report, weights: Weights) -> set[int]:
    rarest = candidates.rarest(report.words, weights.counts)
    return set(candidates.find(pk, rarest, report.at, weights))


def _naming(articles: Collection[int]) -> dict[int, set[int]]:
    """Return the articles that each is paired with already. One query."""
    pairs = Pair.objects.of(sorted(articles)).open().filter(kind=Pair.Kind.EVENT)
    found: dict[int, set[int]] = defaultdict(set)
    for first, second in pairs.values_list("first", "second"):
        found[first].add(second)
        found[second].add(first)
    return found


def _pictured(reports: Mapping[int, tuple[Report, bool]]) -> dict[str, list[int]]:
    """Return the articles with each picture that few articles share. One query."""
    urls = sorted({url for report, _ in reports.values() for url in report.pictures})
    found: dict[str, list[int]] = {}
    for url in urls:
        sharing = Image.objects.at([url]).order_by().values_list("article_id", flat=True)
        few = [*sharing.distinct()[: FEW + 1]]
        if 1 < len(few) <= FEW:
            found[url] = few
    return found


def _store(articles: Collection[int], found: Sequence[Found], due: Collection[int]) -> None:
    """Replace the pairs that nobody has decided, and shorten the list of what is due."""
    columns = ("first_id", "second_id", "kind", "score", "reasons")
    with transaction.atomic():
        bulk.hold_write_lock()
        pairs = Pair.objects.of(sorted(articles))
        pairs.open().delete()
        decided = set(pairs.values_list("first", "second", "kind"))
        wanted = {pk for one in found for pk in one[:2]}
        there = set(Article.objects.filter(pk__any_of=wanted).values_list("pk", flat=True))
        bulk.insert(
            Pair,
            (*columns, "verdict"),
            (
                (*one, "")
                for one in found
                if one[:3] not in decided and {one.first, one.second} <= there
            ),
        )
        Unsuggested.objects.filter(pk__any_of=due).delete()
