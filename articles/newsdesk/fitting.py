"""Find the policy that explains the scores that documents gave; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db.models import Q, QuerySet

from articles import heat
from articles.models import Article, SourceDocument
from articles.policy_fit import Fitted, Given, best_policies, explained
from articles.scoring import Policy
from newsroom.paging import chunks

CHUNK: Final = 2_000
"""Articles read at a time, which bounds memory."""
EXPLAINS_ENOUGH: Final = 0.95
"""Part of the given scores below which an import names a better policy."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How many given scores there are, and how many the policies explain, the best first."""

    scored: int
    current: Fitted
    best: list[Fitted]

    @property
    def is_poor(self) -> bool:
        """Return whether the current policy explains few, and another one explains more."""
        is_few = self.current.explained < EXPLAINS_ENOUGH * self.scored
        return is_few and self.best[0].explained > self.current.explained

    def as_json(self) -> dict[str, Any]:
        """Return the report of ``fit_policy --format json``."""
        best = [one.as_json() for one in self.best]
        return {"scored": self.scored, "current": self.current.as_json(), "best": best}


def fit_policy(articles: QuerySet[Article] | None = None) -> Fit:
    """Fit a policy to the scores that the documents of ``articles`` (all of them) gave.

    Four queries for each ``CHUNK`` of articles.
    """
    current = heat.current_policy()
    tally = Counter(given for _, given in given_scores(articles))
    scores = list(tally.elements())
    return Fit(
        len(scores),
        Fitted(current, explained(scores, current)),
        best_policies(scores, current) if scores else [],
    )


def unexplained(policy: Policy, count: int) -> list[str]:
    """Return the slugs of the first ``count`` articles whose given score a policy does not explain."""
    wrong = (slug for slug, given in given_scores() if not given.is_explained(policy))
    return list(islice(wrong, count))


def given_scores(articles: QuerySet[Article] | None = None) -> Iterator[tuple[str, Given]]:
    """Yield slug and given score of each article whose document has heat, in no set order.

    Articles that have another quality than their document gave are left out: nobody gave that score.
    """
    articles = Article.objects.all() if articles is None else articles
    scored = articles.filter(source_document__isnull=False, quality__isnull=False)
    for chunk in chunks(scored.only("pk", "slug", "quality", "heat", "published"), CHUNK):
        found = {article.pk: article for article in chunk}
        documents = _scores_of_documents(found)
        for pk, receipt in heat.receipts(sorted(found)).items():
            article = found[pk]
            quality, points, published = documents.get(
                pk, (article.quality, article.heat, article.published)
            )
            if quality is not None and points is not None and quality == article.quality:
                counted, outranked = len(receipt.counted), bool(receipt.superseded_by)
                yield article.slug, Given(quality, points, published, outranked, counted)


def _scores_of_documents(pks: Iterable[int]) -> dict[int, tuple[int | None, int | None, bool]]:
    """Parse the documents of articles whose stored score is no longer the one that was given."""
    changed = Q(article__heat_is_given=False) | ~Q(article__decision="")
    scores = {}
    for source in SourceDocument.objects.filter(changed, article__any_of=pks):
        document = source.parse()
        # Without "published" the document left that to the policy.
        heat_points = None if document.published is None else document.heat
        scores[source.article_id] = (document.quality, heat_points, bool(document.published))
    return scores
