"""Suggest a quality for articles, learned from the newsroom's own scores.

``refit`` learns, tests what it learned on later scores, and stores it; ``suggested_quality`` applies it.
Nothing is suggested unless the test showed that it is better than the provider's mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length
from django.utils import timezone

from articles.documents import MAX_QUALITY
from articles.models import ActChange, Article, Image, ProviderRecord, QualityModel, Topic
from articles.suggestions import facts, linear
from articles.suggestions.linear import Example, Facts, Model, Record
from newsroom import bulk
from providers.models import Provider

MOST: Final = 20_000
"""The latest scores are learned."""
FEWEST: Final = 50
"""With fewer scores to learn from, nothing is suggested."""
FEWEST_TESTED: Final = 20
TESTED_SHARE: Final = 0.2
"""The latest part of the scores is for the test, but not more than ``TESTED``, if that is enough."""
TESTED: Final = timedelta(days=30)
ENOUGH_TESTED: Final = 100
AGAIN: Final = timedelta(days=1)
_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class SuggestedQuality:
    """A quality, and why: the provider's record, then what differs, the strongest first."""

    value: int
    why: list[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far suggestions and the means of providers are off, on average, on later scores."""

    learned: int
    tested: int
    error: float | None
    baseline_error: float | None

    @property
    def is_better(self) -> bool:
        """Whether editors should see suggestions."""
        if self.error is None or self.baseline_error is None:
            return False
        is_enough = self.learned >= FEWEST and self.tested >= FEWEST_TESTED
        return is_enough and self.error < self.baseline_error


class Scored(NamedTuple):
    """A score to learn from, and when the article was published."""

    example: Example
    at: datetime


def refit() -> Comparison:
    """Learn from the newsroom's scores, and store what was learned."""
    found = scores()
    earlier, later = split(found)
    compared = compare(earlier, later)
    _store(learn([one.example for one in found]), compared)
    return compared


def is_due(at: datetime) -> bool:
    """Return whether to learn again. One query."""
    # A newsroom with few scores, for example before its first import, need not wait a day.
    recent = QualityModel.objects.filter(fitted_at__gt=at - AGAIN, learned__gte=FEWEST)
    return not recent.exists()


def scores() -> list[Scored]:
    """Return the latest scores, earliest publication first. A query, and two for each 1,000.

    Suggestions that editors took are left out: they would only confirm themselves.
    """
    scored = Article.objects.filter(quality__isnull=False)
    latest = scored.exclude(standing=Article.State.COVERAGE_ONLY).order_by("-published_at", "-pk")
    keys = list(latest.values_list("pk", flat=True)[:MOST])
    found = []
    for start in range(0, len(keys), _CHUNK):
        some = keys[start : start + _CHUNK]
        taken = _taken(some)
        for row in _rows(some):
            # Null if it was changed just now.
            if row.quality is not None and taken.get(row.pk) != row.quality:
                example = Example(row.provider, row.facts, row.quality)
                found.append((row.known.at, row.pk, example))
    found.sort(key=lambda one: one[:2])
    return [Scored(example, at) for at, _, example in found]


def _taken(keys: Collection[int]) -> dict[int, int]:
    """Return the latest suggested quality that an editor took, by article. One query."""
    taken = ActChange.objects.filter(article__any_of=list(keys), after__suggested=True)
    rows = taken.order_by("pk").values_list("article", "after")
    return {pk: after["quality"] for pk, after in rows}


def split(found: Sequence[Scored]) -> tuple[list[Example], list[Example]]:
    """Return earlier scores to learn from, and later ones for the test."""
    cut = len(found) - int(len(found) * TESTED_SHARE)
    if found:
        month = sum(one.at <= found[-1].at - TESTED for one in found)
        if month > cut and len(found) - month >= ENOUGH_TESTED:
            cut = month
    examples = [one.example for one in found]
    return examples[:cut], examples[cut:]


def learn(examples: Sequence[Example]) -> Model:
    return linear.learn(examples, facts.names(examples))


def compare(earlier: Sequence[Example], later: Sequence[Example]) -> Comparison:
    """Return how good what is learned from earlier scores is for later ones."""
    if not earlier or not later:
        return Comparison(len(earlier) + len(later), len(later), None, None)
    models = learn(earlier), linear.means(earlier)
    errors = [model.error(later, 0, MAX_QUALITY) for model in models]
    return Comparison(len(earlier) + len(later), len(later), *errors)


def suggested_quality(articles: Iterable[Article]) -> dict[int, SuggestedQuality]:
    """Return the suggestions by the articles' primary keys; none if it is switched off. Three queries."""
    keys = [article.pk for article in articles]
    if not keys or (learned := QualityModel.objects.filter(is_on=True).first()) is None:
        return {}
    rows = list(_rows(keys))
    records = {
        record.provider_id: Record(record.scores, record.value, record.facts)
        for record in ProviderRecord.objects.filter(provider__in={row.provider for row in rows})
    }
    return {row.pk: _suggested(row, learned, records.get(row.provider)) for row in rows}


def _suggested(row: _Row, learned: QualityModel, record: Record | None) -> SuggestedQuality:
    name = row.provider_name
    usual = record or Record(0, learned.usual, learned.facts)
    effects = linear.effects(learned.weights, usual, row.facts)
    value = min(max(usual.value + sum(effects.values()), 0), MAX_QUALITY)
    its_record = f"{name}'{'' if name.endswith('s') else 's'} record"
    first = f"{its_record if record else f'no scores of {name} yet, usual quality'} {round(usual.value)}"
    others = facts.reasons(effects, row.facts, usual.facts, learned.topics)
    return SuggestedQuality(round(value), [first, *others])


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    provider: int
    provider_name: str
    quality: int | None
    known: facts.Known

    @property
    def facts(self) -> Facts:
        return facts.facts(self.known)


def _rows(keys: Collection[int]) -> Iterator[_Row]:
    """Yield what is known of articles. One query."""
    found: dict[int, dict[str, Any]] = {}
    topics: dict[int, set[int]] = {}
    rows: Any = (
        Article.objects.filter(pk__any_of=keys)
        .order_by()
        .values(
            "pk",
            "provider",
            "quality",
            "published_at",
            "type",
            # A row for each topic.
            "topics",
            provider_name=F("provider__name"),
            headline=Length("title"),
            text=Length("excerpt"),
            has_picture=Exists(Image.objects.filter(article=OuterRef("pk"))),
            has_amp=Q(amp_url__gt="") | Q(cdn_amp_url__gt=""),
        )
    )
    for row in rows:
        found[row["pk"]] = row
        topics.setdefault(row["pk"], set()).add(row["topics"])
    for pk, row in found.items():
        known = facts.Known(
            row["headline"],
            row["text"],
            bool(row["has_picture"]),
            bool(row["has_amp"]),
            row["type"] == Article.Type.VIDEO,
            row["published_at"],
            frozenset(topics[pk] - {None}),
        )
        yield _Row(pk, row["provider"], row["provider_name"], row["quality"], known)


def _store(model: Model, compared: Comparison) -> None:
    keys = [name.partition(":")[2] for name in model.weights if name.startswith("topic:")]
    names = dict(Topic.objects.filter(pk__in=keys).values_list("pk", "name"))
    with transaction.atomic():
        bulk.hold_write_lock()
        QualityModel.objects.update_or_create(
            pk=QualityModel.ONLY,
            defaults={
                "weights": {name: round(weight, 3) for name, weight in model.weights.items()},
                "facts": _rounded(model.usual.facts),
                "usual": model.usual.value,
                "topics": {str(pk): name for pk, name in names.items()},
                "learned": compared.learned,
                "tested": compared.tested,
                "error": compared.error,
                "baseline_error": compared.baseline_error,
                "is_on": compared.is_better,
                "fitted_at": timezone.now(),
            },
        )
        ProviderRecord.objects.all().delete()
        there = Provider.objects.filter(pk__in=list(model.records)).order_by()
        ProviderRecord.objects.bulk_create(
            ProviderRecord(
                provider_id=pk,
                scores=model.records[pk].seen,
                value=model.records[pk].value,
                facts=_rounded(model.records[pk].facts),
            )
            for pk in there.values_list("pk", flat=True)
        )


def _rounded(sizes: Facts) -> dict[str, float]:
    return {name: round(size, 3) for name, size in sizes.items() if round(size, 3)}
