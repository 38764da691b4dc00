"""Receipts for the admin: the parts of the sum, the counted reports, the decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse

from articles import heat
from articles.admin.decisions.confirmation import answer
from articles.admin.pages import VIEW, allow, article_or_404, trail_to
from articles.models import Article
from articles.newsdesk import Verb
from articles.scoring import GRACE, Absence, Contender, Policy, Receipt
from newsroom import database_clock
from newsroom.dates import in_words

SHOWN: Final = 50
"""How many linked reports a receipt lists; some articles have thousands."""


@dataclass(frozen=True, slots=True)
class Part:
    """A number of the sum with its sign and meaning."""

    sign: str
    number: str
    words: str
    is_sum: bool = False


Parties = tuple[tuple[Article, str], ...]
"""Linked reports that a receipt names, with remarks."""


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """The receipt of an article, for ``desk/_receipt.html``; it makes no queries.

    ``receipt`` is None for coverage-only articles.
    """

    article: Article
    receipt: Receipt | None
    at: datetime
    parts: tuple[Part, ...] = ()
    outranked_by: Parties = ()
    counted: Parties = ()
    left_out: Parties = ()

    @property
    def is_stored_otherwise(self) -> bool:
        """Whether the heat or publication that a document gave differs from the policy's result."""
        stored = (self.article.heat, self.article.published)
        return self.receipt is not None and stored != (self.receipt.heat, self.receipt.published)

    @property
    def lacks_minimum(self) -> bool:
        """Whether linked reports earn no bonus because the quality is below the minimum."""
        receipt = self.receipt
        if receipt is None or receipt.article.quality is None or receipt.superseded_by:
            return False
        return bool(receipt.counted) and receipt.article.quality < receipt.policy.minimum

    @property
    def decided(self) -> str:
        """The editor's decision in one word, or "" if the rule decides."""
        decision = self.article.decision
        return Verb(decision).label.capitalize() if decision else ""

    @property
    def opens_at(self) -> datetime | None:
        """When its schedule, or its own date if that is in the future, lets readers see it."""
        absence = self.article.absence_in_time(self.at)
        return (absence and absence.until) or self.article.publish_from

    @property
    def is_dated_ahead(self) -> bool:
        """Whether it waits because its own date is in the future."""
        return self.article.published_at > self.at + GRACE

    @property
    def decision_words(self) -> str:
        article = self.article
        by = article.decided_by.get_username() if article.decided_by else "an editor"
        words = f"by {by}"
        if article.decided_at:
            words += f" on {in_words(article.decided_at)}"
        if article.decision_until:
            over = "over since" if article.decision_until <= self.at else "until"
            words += f", {over} {in_words(article.decision_until)}"
        return words


def receipt_of(
    article: Article, policy: Policy | None = None, at: datetime | None = None
) -> ShownReceipt:
    """Return the receipt of an article. Three queries, or four without ``policy``.

    Load ``decided_by`` with the article.
    """
    at = at or database_clock.now()
    receipt = heat.receipts([article.pk], policy, at).get(article.pk)
    if receipt is None:
        return ShownReceipt(article, None, at)
    others = _articles(receipt.counted[:SHOWN] + receipt.left_out[:SHOWN])

    def parties(contenders: Iterable[Contender], words: Callable[[Contender], str]) -> Parties:
        found = ((one, others.get(one.slug)) for one in contenders)
        return tuple((other, words(one)) for one, other in found if other)

    return ShownReceipt(
        article,
        receipt,
        at,
        _parts(receipt),
        parties(receipt.superseded_by, lambda other: other.advantage(receipt.article)),
        parties(receipt.counted, lambda one: ""),
        parties(receipt.left_out, lambda one: _why_out(others[one.slug], one)),
    )


@allow(VIEW)
def receipt_page(request: HttpRequest, article_id: int) -> HttpResponse:
    article = article_or_404(article_id)
    context = {
        "title": "Receipt",
        "article": article,
        "receipt": receipt_of(article),
        "trail": trail_to(article),
    }
    return answer(request, "receipt", context)


def _articles(contenders: Iterable[Contender]) -> dict[str, Article]:
    slugs = [one.slug for one in contenders]
    if not slugs:
        return {}
    found = Article.objects.filter(slug__any_of=slugs).select_related("provider", "decided_by")
    return {
        one.slug: one for one in found.defer("excerpt", "excerpt_words", "body", "featured_content")
    }


def _parts(receipt: Receipt) -> tuple[Part, ...]:
    quality, policy = receipt.article.quality, receipt.policy
    if quality is None or receipt.heat is None:
        return ()
    parts = [Part("", str(quality), "quality")]
    if receipt.superseded_by:
        return (*parts, Part("→", str(receipt.heat), "heat, behind lead", is_sum=True))
    if receipt.bonus:
        earned = f"{len(receipt.counted)} × {policy.bonus}"  # noqa: RUF001 - the sign of a product
        parts.append(Part("+", earned, "linked"))
    sign = "≥" if receipt.heat >= policy.threshold else "<"
    parts.append(Part("=", str(receipt.heat), "heat", is_sum=True))
    parts.append(Part(sign, str(policy.threshold), "threshold"))
    return tuple(parts)


def absence_in_words(absence: Absence) -> str:
    """Return why readers cannot see an article, as editors say it."""
    words = str(Article.State(absence.why).label)
    return f"{words} until {in_words(absence.until)}" if absence.until else words


def _why_out(article: Article, contender: Contender) -> str:
    if not contender.decision.is_out:
        return absence_in_words(contender.absence) if contender.absence else ""
    words = str(Verb(article.decision).label)
    if article.decided_by:
        words += f" by {article.decided_by.get_username()}"
    if article.decision_reason:
        words += f": {article.decision_reason}"
    return words
