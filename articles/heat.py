"""Apply the rule to rows: compute heat, published and the rank on the front page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from articles.models import Article, PolicyVersion, Related
from articles.policy_fit import Given
from articles.scoring import (
    DEFAULT_POLICY,
    SUPERSEDED_HEAT,
    Contender,
    Decision,
    Policy,
    Receipt,
    Tally,
    score,
    top_rank,
)
from articles.tracking.sets import in_sets
from newsroom import bulk

CHUNK: Final = 2_000
"""How many articles to score at a time; limits the memory of a run over the archive."""

_DECISIONS: Final = {decision.value: decision for decision in Decision}
_FACTS: Final = ("pk", "slug", "published_at", "quality", "decision", "decision_until", "is_pinned")


@dataclass(frozen=True, slots=True)
class Difference:
    """The stored heat and published of an article, and its receipt by the policy."""

    article_id: int
    heat: int | None
    published: bool
    receipt: Receipt

    @property
    def differs(self) -> bool:
        """Whether the stored values differ from the policy's."""
        return (self.heat, self.published) != (self.receipt.heat, self.receipt.published)

    @property
    def slug(self) -> str:
        return self.receipt.article.slug

    def as_json(self) -> dict[str, Any]:
        """Return the stored values, the policy's values and the reason."""
        return {
            "slug": self.slug,
            "heat": self.heat,
            "published": self.published,
            "policy_heat": self.receipt.heat,
            "policy_published": self.receipt.published,
            "why": str(self.receipt),
        }

    def __str__(self) -> str:
        return (
            f"{self.slug}: heat {self.heat}, {_word(self.published)}; "
            f"the policy gives {self.receipt.heat}, {_word(self.receipt.published)}: {self.receipt}"
        )


class Outcome(NamedTuple):
    """The stored heat and published of an article, and those of a policy."""

    article_id: int
    heat: int | None
    published: bool
    policy_heat: int | None
    policy_published: bool
    quality: int | None
    is_superseded: bool
    counted: int

    @property
    def differs(self) -> bool:
        """Whether the stored values differ from the policy's."""
        return self[1:3] != self[3:5]

    @property
    def has_coverage(self) -> bool:
        return self.counted > 0

    @property
    def given(self) -> Given | None:
        """The stored score, with what the rule needs to explain it; None if there is none."""
        if self.quality is None or self.heat is None:
            return None
        return Given(self.quality, self.heat, self.published, self.is_superseded, self.counted)

    @property
    def leads(self) -> bool:
        """Whether it leads a story as stored: published, not superseded, with coverage."""
        return self.published and self.has_coverage and self.heat != SUPERSEDED_HEAT

    @property
    def policy_leads(self) -> bool:
        return self.policy_published and self.has_coverage and self.policy_heat != SUPERSEDED_HEAT


def _word(published: bool) -> str:
    return "published" if published else "not published"


def current_policy() -> Policy:
    """Return the policy in force: the latest version, or the hub's defaults. One query."""
    latest = PolicyVersion.objects.first()
    return latest.policy if latest else DEFAULT_POLICY


def receipts(
    article_ids: Sequence[int], policy: Policy | None = None, at: datetime | None = None
) -> dict[int, Receipt]:
    """Score articles by id without writing, by default with the policy in force.

    Coverage-only articles are left out. Needs two queries, or three without ``policy``.
    """
    return {
        difference.article_id: difference.receipt
        for difference in _scored(article_ids, policy or current_policy(), at or timezone.now())
    }


def differences(
    articles: QuerySet[Article], policy: Policy | None = None, at: datetime | None = None
) -> Iterator[Difference]:
    """Yield the articles whose stored heat or published differs from the policy's, by id.

    Without ``policy``, uses the one in force at the start. Memory does not grow with the number of
    articles; each CHUNK takes three queries. The caller may write the articles in the meantime.
    """
    at = at or timezone.now()
    policy = policy or current_policy()
    for chunk in outcomes(articles, policy, at):
        yield from differing(chunk, policy, at)


def differing(chunk: Iterable[Outcome], policy: Policy, at: datetime) -> Iterator[Difference]:
    """Yield those of ``outcomes`` that differ from the policy's, with receipts."""
    if wrong := [one.article_id for one in chunk if one.differs]:
        yield from _scored(wrong, policy, at)


def outcomes(
    articles: QuerySet[Article], policy: Policy, at: datetime, size: int | None = None
) -> Iterator[list[Outcome]]:
    """Yield the stored values and the policy's for each article, by id, ``size`` at a time.

    Computes the same as ``score``, without receipts, at a fraction of the cost. Coverage-only
    articles are left out. Needs two queries per list, and two more if related articles tie.
    """
    size = size or CHUNK
    facts = ("pk", "heat", "published", "quality", "decision", "decision_until", "is_pinned")
    in_order = articles.filter(coverage_only=False).order_by("pk").values_list(*facts)
    last = 0
    while rows := list(in_order.filter(pk__gt=last)[:size]):
        last = rows[-1][0]
        tallies = {
            pk: Tally(quality, _decision(decision, until, at), is_pinned)
            for pk, _, _, quality, decision, until, is_pinned in rows
        }
        links = _links_of(list(tallies)).values_list(
            "article_id", *(f"target__{fact}" for fact in facts[3:])
        )
        for article_id, quality, decision, until, is_pinned in links:
            if tally := tallies.get(article_id):
                tally.add(quality, _decision(decision, until, at), is_pinned)
        tied = [pk for pk, tally in tallies.items() if tally.is_tied]
        for one in _scored(tied, policy, at, names=False) if tied else ():
            tallies[one.article_id].is_superseded = bool(one.receipt.superseded_by)
        yield [
            Outcome(
                *(pk, heat, published, *tally.outcome(policy)),
                *(tally.quality, tally.is_superseded, tally.counted),
            )
            for (pk, heat, published, *_), tally in zip(rows, tallies.values(), strict=True)
        ]


def recompute(
    article_ids: Iterable[int],
    policy: Policy | None = None,
    at: datetime | None = None,
    *,
    names: bool = True,
) -> list[Difference]:
    """Set the heat and published of articles by the policy; return those that changed, by id.

    One transaction. Decisions that expired by ``at`` are ended. From then on the heat is the
    policy's, not the document's. Without ``names`` the receipts have no provider names, which is
    faster.
    """
    at = at or timezone.now()
    ids = sorted(set(article_ids))
    if not ids:
        return []
    with transaction.atomic(), in_sets(len(ids)):
        # Take the lock, so that this and a decision in progress run one after the other.
        locked = Article.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
        decided = locked.filter(pk__any_of=ids).values_list("pk", "decision_until")
        over = [pk for pk, until in decided if until is not None and until <= at]
        if over:
            Article.objects.filter(pk__in=over).update(
                decision=Decision.NONE, decision_until=None, version=F("version") + 1
            )
        scored = list(_scored(ids, policy or current_policy(), at, names=names))
        bulk.update(
            Article,
            ("heat", "published", "heat_is_given", "top_rank"),
            [(*columns(one.receipt).values(), one.article_id) for one in scored],
        )
    return [one for one in scored if one.differs]


def columns(receipt: Receipt) -> dict[str, Any]:
    """Return the columns of a receipt; from then on the heat is the policy's."""
    return {
        "heat": receipt.heat,
        "published": receipt.published,
        "heat_is_given": False,
        "top_rank": top_rank(receipt.heat, receipt.article.published_at),
    }


def _links_of(article_ids: Sequence[int]) -> QuerySet[Related]:
    """Return the links from articles with ascending ids, and possibly from a few ids in between."""
    first, last = article_ids[0], article_ids[-1]
    # Read one range of the index instead of thousands of look-ups, unless most rows are not needed.
    if last - first < 4 * len(article_ids):
        return Related.objects.filter(article_id__gte=first, article_id__lte=last)
    return Related.objects.filter(article_id__any_of=article_ids)


def _scored(
    article_ids: Sequence[int], policy: Policy, at: datetime, *, names: bool = True
) -> Iterator[Difference]:
    """Score articles by id; ``names`` adds provider names to the receipts, with two more joins."""
    facts = (*_FACTS, "provider__name") if names else _FACTS
    articles = (
        Article.objects.filter(pk__any_of=article_ids, coverage_only=False)
        .order_by("pk")
        .values_list("heat", "published", *facts)
    )
    links = (
        Related.objects.filter(article_id__any_of=article_ids)
        .order_by("article_id")
        .values_list("article_id", *(f"target__{fact}" for fact in facts))
    )
    related = {
        article_id: [_contender(row[1:], at) for row in rows]
        for article_id, rows in groupby(links, key=itemgetter(0))
    }
    for row in articles:
        heat, published, pk, *_ = row
        receipt = score(_contender(row[2:], at), related.get(pk, ()), policy)
        yield Difference(pk, heat, published, receipt)


def _contender(row: Sequence[Any], at: datetime) -> Contender:
    _, slug, published_at, quality, decision, until, is_pinned, *name = row
    return Contender(slug, published_at, quality, _decision(decision, until, at), is_pinned, *name)


def _decision(decision: str, until: datetime | None, at: datetime) -> Decision:
    """Return the decision in force at the given time."""
    return _DECISIONS["" if until is not None and until <= at else decision]
