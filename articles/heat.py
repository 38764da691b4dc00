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

from articles.models import Article, PolicyVersion, Related, SourceDocument
from articles.models.article_queryset import in_sight
from articles.policy_fit import Given
from articles.scoring import (
    DEFAULT_POLICY,
    SUPERSEDED_HEAT,
    Contender,
    Decision,
    Policy,
    Receipt,
    Tally,
    in_force,
    score,
    top_rank,
)
from articles.tracking.sets import in_sets
from newsroom import bulk, database_clock

CHUNK: Final = 2_000
"""How many articles to score at a time; limits the memory of a run over the archive."""

_DECISIONS: Final = {decision.value: decision for decision in Decision}
_FACTS: Final = (
    *("pk", "slug", "published_at", "quality", "decision", "decision_until", "is_pinned"),
    *("publish_from", "publish_until"),
)


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
    return _receipts(article_ids, policy or current_policy(), at or database_clock.now())


def receipts_of_source(
    article_ids: Sequence[int], policy: Policy | None = None
) -> dict[int, Receipt]:
    """Score articles like ``receipts``, but as their source saw them: without editors' decisions,
    and with every article in sight.
    """
    return _receipts(article_ids, policy or current_policy(), None)


def _receipts(
    article_ids: Sequence[int], policy: Policy, at: datetime | None
) -> dict[int, Receipt]:
    scored = _scored(article_ids, policy, at)
    return {difference.article_id: difference.receipt for difference in scored}


def differences(
    articles: QuerySet[Article], policy: Policy | None = None, at: datetime | None = None
) -> Iterator[Difference]:
    """Yield the articles whose stored heat or published differs from the policy's, by id.

    Without ``policy``, uses the one in force at the start. Memory does not grow with the number of
    articles; each CHUNK takes three queries. The caller may write the articles in the meantime.
    """
    at = at or database_clock.now()
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
    facts = ("pk", "heat", "published", "quality", "is_pinned", "decision", "decision_until")
    in_order = articles.filter(coverage_only=False).order_by("pk").values_list(*facts)
    last = 0
    while rows := list(in_order.filter(pk__gt=last)[:size]):
        last = rows[-1][0]
        tallies = {
            pk: Tally(quality, in_force(_DECISIONS[decision], until, at), is_pinned)
            for pk, _, _, quality, is_pinned, decision, until in rows
        }
        # The database filters out hidden articles, which is cheaper than reading their times.
        links = _links_of(list(tallies)).filter(in_sight(at, "target__"))
        for article_id, quality, is_pinned in links.values_list(
            "article_id", "target__quality", "target__is_pinned"
        ):
            if tally := tallies.get(article_id):
                tally.add(quality, is_pinned)
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
        if len(rows) < size:
            break


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
    at = at or database_clock.now()
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


def follow_sight(
    article_ids: Iterable[int], policy: Policy | None = None, at: datetime | None = None
) -> list[Difference]:
    """Update articles after others came into sight or went out of it. Return those that changed, by
    id. Safe to repeat. Call this in a transaction that holds the write lock.

    A heat that the policy computed is computed again. A heat that a document gave stays, except
    that a story must not be hidden behind a lead that readers cannot see: an article that its
    document calls superseded gets the policy's heat for as long as everything that supersedes it is
    out of sight, and then its document's again. ``heat_is_given`` stays true meanwhile, so an
    export still equals the source.
    """
    at = at or database_clock.now()
    ids = sorted(set(article_ids))
    if not ids:
        return []
    policy = policy or current_policy()
    affected = Article.objects.filter(pk__any_of=ids)
    over = set(affected.filter(decision_until__lte=at).values_list("pk", flat=True))
    given = set(affected.filter(heat_is_given=True).values_list("pk", flat=True)) - over
    scored = list(_scored(ids, policy, at, names=False))
    wrong = {one.article_id for one in scored if one.differs} - given
    changed = recompute(wrong | over, policy, at, names=False)
    hidden = _behind_hidden_leads([one for one in scored if one.article_id in given], policy)
    bulk.update(
        Article,
        ("heat", "published", "top_rank"),
        [
            (
                one.receipt.heat,
                one.receipt.published,
                top_rank(one.receipt.heat, one.receipt.article.published_at),
                one.article_id,
            )
            for one in hidden
        ],
    )
    return sorted([*changed, *hidden], key=lambda one: one.article_id)


def _behind_hidden_leads(scored: Sequence[Difference], policy: Policy) -> list[Difference]:
    """Return the articles with a heat from a document whose lead went out of sight or came back."""
    flipped = [
        one
        for one in scored
        if (one.heat == SUPERSEDED_HEAT) != (one.receipt.heat == SUPERSEDED_HEAT)
        and not one.receipt.article.decision
    ]
    if not flipped:
        return []
    # Two different rules may give other heats, so compare with the document, and with the rule as
    # if every article were in sight.
    ids = [one.article_id for one in flipped]
    everywhere = receipts_of_source(ids, policy)
    sources = SourceDocument.objects.filter(article__any_of=ids)
    superseded = {source.article_id for source in sources if source.parse().heat == SUPERSEDED_HEAT}
    return [
        one
        for one in flipped
        if one.article_id in superseded and everywhere[one.article_id].superseded_by
    ]


def columns(receipt: Receipt) -> dict[str, Any]:
    """Return the columns of a receipt. They mark the heat as the policy's."""
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
    article_ids: Sequence[int], policy: Policy, at: datetime | None, *, names: bool = True
) -> Iterator[Difference]:
    """Score articles by id; ``names`` adds provider names to the receipts, with two more joins.

    Without ``at``, ignore all decisions and times.
    """
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


def _contender(row: Sequence[Any], at: datetime | None) -> Contender:
    _, slug, published_at, quality, decision, until, is_pinned, begin, end, *named = row
    name = "".join(named)
    if at is None:
        return Contender(slug, published_at, quality, Decision.NONE, is_pinned, name)
    decided = in_force(_DECISIONS[decision], until, at)
    return Contender(slug, published_at, quality, decided, is_pinned, name, until, begin, end, at)
