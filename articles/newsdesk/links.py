"""Make and cut links between articles, which changes stories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from articles import roles
from articles.models import Article, Related
from articles.newsdesk.changes import Change, Pair, RefusedError, Verb

MOST_PAIRS: Final = 2_500
"""The most one-way links that one decision makes or cuts: enough for two stories of 50 reports."""
MOST_GATHERED: Final = 50
"""The most articles that one decision can gather into one story."""
TOO_MANY: Final = (
    f"With the reports linked to them, these are more than {MOST_GATHERED} articles, too many for "
    "one story. Choose fewer."
)


def relate(article: Article, others: Iterable[Article]) -> Change:
    """Make articles coverage of one another, both ways."""
    return _linked(Verb.RELATE, *between([article], others))


def unrelate(article: Article, others: Iterable[Article]) -> Change:
    """Cut the links between articles, both ways."""
    return _unlinked(Verb.UNRELATE, *between([article], others))


def merge(story: Iterable[Article], other: Iterable[Article]) -> Change:
    """Link every member of one story to every member of another, both ways."""
    return _linked(Verb.MERGE, *between(story, other))


def gather(articles: Iterable[Article]) -> Change:
    """Make articles one story: each becomes coverage of every other."""
    members = {article.pk: article for article in articles}
    if len(members) < 2:
        raise RefusedError("Choose at least two different articles.")
    if len(members) > MOST_GATHERED:
        raise RefusedError(TOO_MANY)
    return _linked(Verb.MERGE, members, {(a, b) for a in members for b in members if a != b})


def split(leaving: Iterable[Article], staying: Iterable[Article]) -> Change:
    """Cut every link between members that leave a story and those that stay."""
    return _unlinked(Verb.SPLIT, *between(leaving, staying))


def _linked(verb: Verb, members: Mapping[int, Article], pairs: set[Pair]) -> Change:
    # A coverage-only article has no links until its document is imported.
    wanted = {(a, b) for a, b in pairs if not members[a].coverage_only}
    missing = frozenset(wanted - links_between(members))
    if not missing:
        raise RefusedError("These articles are linked already.")
    return Change(verb, frozenset({roles.RELATE}), _seen(members, missing), link=missing)


def _unlinked(verb: Verb, members: Mapping[int, Article], pairs: set[Pair]) -> Change:
    cut = frozenset(pairs & links_between(members))
    if not cut:
        raise RefusedError("These articles are not linked.")
    return Change(verb, frozenset({roles.RELATE}), _seen(members, cut), unlink=cut)


def between(
    some: Iterable[Article], others: Iterable[Article]
) -> tuple[dict[int, Article], set[Pair]]:
    """Return the articles of both sides, and every pair of articles from different sides, both
    ways.
    """
    first = {article.pk: article for article in some}
    second = {article.pk: article for article in others if article.pk not in first}
    if not first or not second:
        raise RefusedError("Choose at least two different articles.")
    if len(first) * len(second) > MOST_PAIRS:
        raise RefusedError(
            f"{len(first)} by {len(second)} articles are too many to link at once. Choose fewer."
        )
    across = {(a, b) for a in first for b in second}
    return first | second, across | {(b, a) for a, b in across}


def links_between(article_ids: Iterable[int]) -> set[Pair]:
    """Return the links from and to these articles. One query."""
    ids = list(article_ids)
    links = Related.objects.filter(article__any_of=ids, target__any_of=ids)
    return set(links.values_list("article_id", "target_id"))


def _seen(members: Mapping[int, Article], pairs: Iterable[Pair]) -> dict[int, int]:
    return {pk: members[pk].version for pair in pairs for pk in pair}
