"""The effects of a decision: which articles it changes, and how.

Nothing is written here. ``perform`` writes what ``effects`` returns, so the preview always matches
the result.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from articles import heat
from articles.models import Article, Related
from articles.newsdesk.changes import Change, RefusedError, StaleError
from articles.scoring import Contender, Decision, Policy, Receipt, score

_SCORING: Final = {"quality", "decision", "decision_until", "is_pinned", "published_at"}
"""The columns that determine the heat of an article and of the articles that link to it."""

_FACTS: Final = (
    "slug",
    "title",
    "published_at",
    "quality",
    "heat",
    "published",
    "coverage_only",
    "is_pinned",
    "publish_from",
    "publish_until",
    "decision",
    "decision_until",
    "version",
    "provider__name",
)
Links = dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an article for readers; ``lead`` is the slug of a superseded article's lead."""

    state: Article.State
    heat: int | None
    lead: str | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """An article whose heat, lead or visibility a decision changes, before and after.

    ``receipt`` says why; it is None for coverage-only articles, which have no heat.
    """

    article_id: int
    slug: str
    headline: str
    provider: str
    before: Standing
    after: Standing
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of a change, by article id.

    ``before`` and ``after`` contain every article that was read, with only the columns for scoring.
    ``columns`` has the values to write. ``consequences`` are sorted hottest first.
    """

    before: Mapping[int, Article]
    after: Mapping[int, Article]
    columns: Mapping[int, Mapping[str, Any]]
    consequences: list[Consequence]


def effects(change: Change, policy: Policy, at: datetime) -> Effects:
    """Return the effects of ``change``. At most nine queries.

    Raise ``StaleError`` if an article changed after it was read, and ``RefusedError`` if the
    decision would already be over.
    """
    desk = _Desk(change, at)
    decided = {*change.seen, *change.decided}
    decided.update(target for _, target in change.link | change.unlink)
    desk.load(decided)
    _require_fresh(change, desk.before)
    _require_future(change, at)
    for pk, values in change.columns.items():
        desk.set(pk, **values)
    named_anew = {article for article, _ in change.link | change.unlink}
    moved = {pk for pk, values in change.columns.items() if _SCORING & values.keys()}
    # A schedule does not change the heat of its own article, only that of articles that relate to
    # it.
    rescored = moved | named_anew | desk.namers(moved | desk.in_or_out_of_sight(change.columns))
    desk.load_links(rescored)
    receipts = desk.score(rescored, policy)
    shown = decided | {pk for pk in rescored if desk.stands_otherwise(pk)}
    looked_at = shown | desk.namers(shown) | rescored
    desk.load_links(looked_at)
    consequences = desk.consequences(looked_at, receipts)
    written = {pk: dict(values) for pk, values in change.columns.items()}
    for pk, receipt in receipts.items():
        written[pk] = written.get(pk, {}) | desk.ended.get(pk, {}) | heat.columns(receipt)
    return Effects(desk.before, desk.after, written, consequences)


def _require_fresh(change: Change, stored: Mapping[int, Article]) -> None:
    stale = [
        stored[pk].slug if pk in stored else f"article {pk}"
        for pk, version in change.seen.items()
        if pk not in stored or stored[pk].version != version
    ]
    if stale:
        raise StaleError(stale)


def _require_future(change: Change, at: datetime) -> None:
    if change.undoes:
        # An undo may restore a decision that has ended in the meantime.
        return
    for values in change.columns.values():
        until = values.get("decision_until")
        if until is not None and until <= at:
            raise RefusedError("The decision would already be over. Choose a later time, or none.")


class _Desk:
    """The articles that a change may affect, before and after."""

    def __init__(self, change: Change, at: datetime) -> None:
        self.change = change
        self.at = at
        self.before: dict[int, Article] = {}
        self.after: dict[int, Article] = {}
        self.links_before: Links = {}
        self.links_after: Links = {}
        self.ended: dict[int, dict[str, Any]] = {}
        """The columns to write for expired decisions, by article id."""

    def load(self, article_ids: Iterable[int]) -> None:
        missing = sorted(set(article_ids) - self.before.keys())
        if not missing:
            return
        articles = Article.objects.filter(pk__any_of=missing).select_related("provider")
        for article in articles.only(*_FACTS):
            self.before[article.pk] = article
            self.after[article.pk] = copy.copy(article)

    def load_links(self, article_ids: Iterable[int]) -> None:
        """Load the articles' links and their targets, and apply the change to them. Two queries."""
        missing = sorted(set(article_ids) - self.links_before.keys())
        if not missing:
            return
        self.links_before |= {pk: [] for pk in missing}
        links = Related.objects.filter(article__any_of=missing).order_by("article", "position")
        for article_id, target_id in links.values_list("article_id", "target_id"):
            self.links_before[article_id].append(target_id)
        self.load({*missing, *(pk for one in missing for pk in self.links_before[one])})

        self.links_after = {pk: list(targets) for pk, targets in self.links_before.items()}
        for article, target in self.change.unlink:
            if target in self.links_after.get(article, ()):
                self.links_after[article].remove(target)
        for article, target in self.change.link:
            if target not in self.links_after.get(article, (target,)):
                self.links_after[article].append(target)

    def namers(self, article_ids: Iterable[int]) -> set[int]:
        """Return the ids of the articles that link to any of these. One query."""
        ids = sorted(article_ids)
        if not ids:
            return set()
        links = Related.objects.filter(target__any_of=ids).values_list("article_id", flat=True)
        return set(links)

    def in_or_out_of_sight(self, article_ids: Iterable[int]) -> set[int]:
        """Return the ids of articles that come into sight or go out of it."""
        return {
            pk
            for pk in article_ids
            if (self.before[pk].contender(self.at).absence is None)
            != (self.after[pk].contender(self.at).absence is None)
        }

    def set(self, pk: int, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.after[pk], name, value)

    def score(self, article_ids: Iterable[int], policy: Policy) -> dict[int, Receipt]:
        """Return the articles' receipts after the change; coverage-only articles have none."""
        receipts = {}
        for pk in sorted(article_ids):
            article = self.after[pk]
            if article.coverage_only:
                continue
            related = [self._contender(target) for target in self.links_after[pk]]
            receipt = receipts[pk] = score(self._contender(pk), related, policy)
            self.set(pk, heat=receipt.heat, published=receipt.published)
            if article.decision_until is not None and article.decision_until <= self.at:
                self.ended[pk] = {"decision": Decision.NONE.value, "decision_until": None}
                self.set(pk, **self.ended[pk])
        return receipts

    def _contender(self, pk: int) -> Contender:
        article = self.after[pk]
        return article.contender(self.at, name=article.provider.name)

    def stands_otherwise(self, pk: int) -> bool:
        """Return whether an article would look or rank differently."""
        before, after = self.before[pk], self.after[pk]
        return (before.heat, before.state_at(self.at)) != (after.heat, after.state_at(self.at))

    def consequences(
        self, article_ids: Iterable[int], receipts: Mapping[int, Receipt]
    ) -> list[Consequence]:
        """Return the articles whose heat, lead or visibility would change, best first."""
        found = []
        for pk in article_ids:
            article = self.after[pk]
            before = self._standing(pk, self.before, self.links_before)
            after = self._standing(pk, self.after, self.links_after)
            if before != after:
                name = article.provider.name
                receipt = receipts.get(pk)
                found.append(
                    Consequence(pk, article.slug, article.headline, name, before, after, receipt)
                )
        return sorted(found, key=lambda one: (-(one.after.heat or -2), one.slug))

    def _standing(self, pk: int, articles: Mapping[int, Article], links: Links) -> Standing:
        article = articles[pk]
        lead = None
        if article.is_superseded:
            named = (articles[target] for target in links[pk])
            rivals = (one for one in named if one.is_published(self.at) and one.outranks(article))
            best = min(rivals, key=lambda one: one.contender(self.at).rank, default=None)
            lead = best.slug if best else None
        return Standing(article.state_at(self.at), article.heat, lead)
