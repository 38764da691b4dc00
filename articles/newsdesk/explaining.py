"""Explain in words why an article has its heat and state: the answer to "Why 77?"."""

from __future__ import annotations

from datetime import UTC, datetime

from articles import heat
from articles.models import Article
from articles.newsdesk.changes import Verb
from articles.scoring import Receipt
from newsroom import database_clock


def explain(article: Article, at: datetime | None = None, receipt: Receipt | None = None) -> str:
    """Return the receipt of an article's heat, and the decision that overrides the rule.

    For example ``quality 57 + 2 related × 10 = 77 ≥ 70: published; leads City A.M. (53), The Star
    (39)``. Times are UTC. Pass ``receipt`` if it is known. Three queries
    without it, and one more if an editor decided.
    """  # noqa: RUF002 - the sign of a product
    at = at or database_clock.now()
    if article.coverage_only:
        return "coverage only: other articles link to it; it has no heat"
    receipt = receipt or heat.receipts([article.pk], at=at)[article.pk]
    words = [receipt.words(_decision(article, at))]
    if (receipt.heat, receipt.published) != (article.heat, article.published):
        by = "its document says so" if article.heat_is_given else "not computed again since"
        stored = "published" if article.published else "not published"
        words = [
            f"heat {article.heat}, {stored}: {by}",
            f"the policy gives {receipt.heat}: {words[0]}",
        ]
    if article.is_pinned:
        words.append("pinned as lead")
    absence = article.absence_in_time(at) if article.published else None
    if absence and absence.until:
        # Not called scheduled, because nobody scheduled it.
        is_dated = article.publish_from is None or article.publish_from < absence.until
        why = f"dated {_moment(article.published_at)}, in the future: " if is_dated else ""
        words.append(f"{why}not before {_moment(absence.until)}")
    if article.published and article.publish_until:
        verb = "expired" if article.publish_until <= at else "expires"
        words.append(f"{verb} {_moment(article.publish_until)}")
    return "; ".join(words)


def _decision(article: Article, at: datetime) -> str:
    if not article.decision:
        return ""
    by = article.decided_by.get_username() if article.decided_by else "an editor"
    words = f"{Verb(article.decision).label} by {by}"
    if article.decided_at:
        words += f" on {_moment(article.decided_at)}"
    if article.decision_reason:
        words += f" because: {article.decision_reason}"
    if article.decision_until:
        until = "over since" if article.decision_until <= at else "until"
        words += f", {until} {_moment(article.decision_until)}"
    return words


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
