"""Receipts as the admin shows them: the sum in parts, who counts, who leads, whose decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles import heat
from articles.models import Article
from articles.scoring import Contender, Decision, Policy, Receipt
from newsroom.dates import in_words

VIEW: Final = "articles.view_article"
SHOWN: Final = 50
"""Related articles that a receipt names; what everybody links to has thousands."""


@dataclass(frozen=True, slots=True)
class Part:
    """A number of the sum, with the sign before it and what it is."""

    sign: str
    number: str
    words: str
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """A related article that a receipt names, and what there is to say of it."""

    article: Article
    provider: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """The receipt of an article, for ``desk/_receipt.html``; no part of it costs a query.

    ``receipt`` is None for what is known only as coverage.
    """

    article: Article
    receipt: Receipt | None
    at: datetime
    parts: tuple[Part, ...] = ()
    outranked_by: tuple[Party, ...] = ()
    counted: tuple[Party, ...] = ()
    left_out: tuple[Party, ...] = ()

    @property
    def is_stored_otherwise(self) -> bool:
        """Whether heat and published stand as a document gave them, not as the policy would."""
        stored = (self.article.heat, self.article.published)
        return self.receipt is not None and stored != (self.receipt.heat, self.receipt.published)

    @property
    def lacks_minimum(self) -> bool:
        """Whether its related count for nothing because its quality is too low."""
        receipt = self.receipt
        if receipt is None or receipt.article.quality is None or receipt.superseded_by:
            return False
        return bool(receipt.counted) and receipt.article.quality < receipt.policy.minimum

    @property
    def decided(self) -> str:
        """What an editor decided, in one word; nothing where the rule has its say."""
        return {
            Decision.PUBLISH.value: "Published",
            Decision.HOLD.value: "Held",
            Decision.WITHDRAW.value: "Withdrawn",
        }.get(self.article.decision, "")

    @property
    def decision_words(self) -> str:
        """Who decided that, when, and until when."""
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
    """Return the receipt of an article. Three queries, four where no policy is given.

    Load ``decided_by`` with the article.
    """
    at = at or timezone.now()
    receipt = heat.receipts([article.pk], policy, at).get(article.pk)
    if receipt is None:
        return ShownReceipt(article, None, at)
    others = _articles(receipt.counted[:SHOWN] + receipt.left_out[:SHOWN])

    def parties(
        contenders: Iterable[Contender], words: Callable[[Contender], str]
    ) -> tuple[Party, ...]:
        found = ((one, others.get(one.slug)) for one in contenders)
        return tuple(Party(other, one.name, words(one)) for one, other in found if other)

    return ShownReceipt(
        article,
        receipt,
        at,
        _parts(receipt),
        parties(receipt.superseded_by, lambda other: other.advantage(receipt.article)),
        parties(receipt.counted, lambda one: ""),
        parties(receipt.left_out, lambda one: _why_out(others[one.slug])),
    )


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the page of one receipt, which lists link to."""

    @require_safe
    def view(request: HttpRequest, article_id: int) -> HttpResponse:
        return _page(request, site, article_id)

    return [
        path("<int:article_id>/receipt/", site.admin_view(view), name="articles_article_receipt")
    ]


def _page(request: HttpRequest, site: AdminSite, article_id: int) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    articles = Article.objects.select_related("provider", "decided_by")
    article = get_object_or_404(articles, pk=article_id)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Receipt",
        "article": article,
        "receipt": receipt_of(article),
        "opts": Article._meta,
    }
    return render(request, "admin/articles/desk/receipt.html", context)


def _articles(contenders: Iterable[Contender]) -> dict[str, Article]:
    slugs = [one.slug for one in contenders]
    if not slugs:
        return {}
    found = Article.objects.filter(slug__any_of=slugs).select_related("provider", "decided_by")
    return {one.slug: one for one in found.defer("excerpt", "body", "featured_content")}


def _parts(receipt: Receipt) -> tuple[Part, ...]:
    quality, policy = receipt.article.quality, receipt.policy
    if quality is None or receipt.heat is None:
        return ()
    parts = [Part("", str(quality), "quality")]
    if receipt.superseded_by:
        return (*parts, Part("→", str(receipt.heat), "heat, superseded", is_sum=True))
    if receipt.bonus:
        earned = f"{len(receipt.counted)} × {policy.bonus}"  # noqa: RUF001 - the sign of a product
        parts.append(Part("+", earned, "related"))
    sign = "≥" if receipt.heat >= policy.threshold else "<"
    parts.append(Part("=", str(receipt.heat), "heat", is_sum=True))
    parts.append(Part(sign, str(policy.threshold), "threshold"))
    return tuple(parts)


def _why_out(article: Article) -> str:
    words = "withdrawn" if article.decision == Article.Decision.WITHDRAW else "held"
    if article.decided_by:
        words += f" by {article.decided_by.get_username()}"
    if article.decision_reason:
        words += f": {article.decision_reason}"
    return words
