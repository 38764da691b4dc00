"""Find the policy that explains the scores that documents gave. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from django.db.models import Q, QuerySet

from articles import heat
from articles.models import Article, SourceDocument
from articles.policy_fit import Fit, Given, fit
from articles.scoring import SUPERSEDED_HEAT, Policy
from newsroom.paging import chunks

CHUNK: Final = 2_000
"""How many articles are read at a time, to limit memory use."""


def fit_policy(articles: QuerySet[Article] | None = None) -> Fit:
    """Fit a policy to the scores that the documents of ``articles`` gave (by default, of all
    articles).

    Four queries for each ``CHUNK`` of articles.
    """
    return fit(Counter(given for _, given in given_scores(articles)), heat.current_policy())


def unexplained(policy: Policy, count: int) -> list[str]:
    """Return the slugs of the first ``count`` articles whose given scores a policy does not
    explain.
    """
    wrong = (slug for slug, given in given_scores() if not given.is_explained(policy))
    return list(islice(wrong, count))


def given_scores(articles: QuerySet[Article] | None = None) -> Iterator[tuple[str, Given]]:
    """Yield the slug and given score of each article whose document has a heat, in no particular
    order.

    Articles whose quality differs from their document's are left out.
    """
    articles = Article.objects.all() if articles is None else articles
    scored = articles.filter(source_document__isnull=False, quality__isnull=False)
    for chunk in chunks(scored.only("pk", "slug", "quality", "heat", "published"), CHUNK):
        found = {article.pk: article for article in chunk}
        receipts = heat.receipts_of_source(sorted(found))
        lifted = [
            pk
            for pk, receipt in receipts.items()
            if receipt.superseded_by and found[pk].heat != SUPERSEDED_HEAT
        ]
        documents = _scores_of_documents(found, lifted)
        for pk, receipt in receipts.items():
            article = found[pk]
            quality, points, published = documents.get(
                pk, (article.quality, article.heat, article.published)
            )
            if quality is not None and points is not None and quality == article.quality:
                counted, outranked = len(receipt.counted), bool(receipt.superseded_by)
                yield article.slug, Given(quality, points, published, outranked, counted)


def _scores_of_documents(
    pks: Iterable[int], lifted: Sequence[int]
) -> dict[int, tuple[int | None, int | None, bool]]:
    """Parse the documents of articles whose stored score may not be the given one.

    ``lifted`` articles may have another heat while their lead is out of sight.
    """
    changed = Q(article__heat_is_given=False) | ~Q(article__decision="")
    if lifted:
        changed |= Q(article__any_of=lifted)
    scores = {}
    for source in SourceDocument.objects.filter(changed, article__any_of=pks):
        document = source.parse()
        # Without "published", the document left the heat and publication to the policy.
        heat_points = None if document.published is None else document.heat
        scores[source.article_id] = (document.quality, heat_points, bool(document.published))
    return scores
