"""Find articles by their current and former addresses, and keep both up to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from articles.documents import address_key
from articles.models import Article, ArticleQuerySet, FormerAddress
from newsroom import bulk


def at_addresses(keys: Collection[str], articles: ArticleQuerySet) -> dict[str, list[int]]:
    """Return the ids of ``articles`` by address key. Two queries.

    Articles that have the key now come first, in the order in which imports link to them; then
    those that had it before.
    """
    found: dict[str, list[int]] = defaultdict(list)
    now = articles.filter(address_key__any_of=list(keys))
    in_order = now.order_by("coverage_only", "published_at", "stem", "url")
    for key, pk in in_order.values_list("address_key", "pk"):
        found[key].append(pk)
    former = FormerAddress.objects.filter(address_key__any_of=list(keys), article__in=articles)
    for key, pk in former.order_by("pk").values_list("address_key", "article"):
        if pk not in found[key]:
            found[key].append(pk)
    return dict(found)


def renew_keys(article_ids: Iterable[int]) -> None:
    """Set the address keys of articles whose URL was changed, and store the former ones."""
    columns = ("pk", "address_key", "web_url", "original_url")
    rows = Article.objects.filter(pk__any_of=list(article_ids)).values_list(*columns)
    keys = [(pk, key, address_key(web or original)) for pk, key, web, original in rows]
    changed = [(pk, before, after) for pk, before, after in keys if before != after]
    former = [FormerAddress(article_id=pk, address_key=before) for pk, before, _ in changed]
    FormerAddress.objects.bulk_create(former, ignore_conflicts=True)
    bulk.update(Article, ("address_key",), [(after, pk) for pk, _, after in changed])
