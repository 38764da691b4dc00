"""What an import finds out when its documents are stored: duplicates, and scores that differ."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from django.db.models import Exists, OuterRef, QuerySet

from articles import heat
from articles.importing.report import Report, skipped_files
from articles.models import Article, ImportProblem, ImportRun, SourceDocument
from articles.policy_fit import Given, fit


def summarize(run: ImportRun, at: datetime, last_article: int, so_far: Report) -> Report:
    """Return the rest of a run's report. This writes nothing.

    ``last_article`` is the highest id of an article before the run.
    """
    rest = skipped_files(so_far.skips)
    rest.stubs = count_stubs(last_article) - so_far.stubs
    if so_far.created or so_far.updated:
        _name_duplicates(run, rest)
    _compare_scores(run, at, rest)
    return rest


def count_stubs(last_article: int) -> int:
    """Count the coverage-only articles of a run.

    Those with higher ids than before are from this run, unless two imports run at once.
    """
    return Article.objects.filter(pk__gt=last_article, coverage_only=True).count()


def _name_duplicates(run: ImportRun, report: Report) -> None:
    """Report the articles of this run that share their address with others."""
    stored = Article.objects.filter(source_document__run=run)
    others = Article.objects.filter(address_key=OuterRef("address_key"), coverage_only=False)
    shared = stored.filter(Exists(others.exclude(pk=OuterRef("pk"))))
    keys = sorted(set(shared.values_list("address_key", flat=True)))
    same = Article.objects.filter(address_key__any_of=keys, coverage_only=False)
    rows = same.order_by("address_key", "published_at", "slug")
    for _, group in groupby(rows.values_list("address_key", "url", "slug"), itemgetter(0)):
        members = list(group)
        url, slugs = members[0][1], sorted(slug for _, _, slug in members)
        message = f"{', '.join(slugs)}: one address, {url}"
        report.add(ImportProblem.Kind.DUPLICATE, "", message, url=url, slugs=slugs)


def _compare_scores(run: ImportRun, at: datetime, report: Report) -> None:
    """Report where the score of a document differs from the policy's, and a better policy."""
    policy = heat.current_policy()
    tally: Counter[Given] = Counter()
    for articles in _articles(run):
        for chunk in heat.outcomes(articles.filter(heat_is_given=True), policy, at):
            tally.update(one.given for one in chunk if one.given)
            for difference in heat.differing(chunk, policy, at):
                report.add(ImportProblem.Kind.SCORE, "", str(difference), **difference.as_json())
    if tally:
        found = fit(tally, policy)
        best = found.best[0].as_json()
        report.policy = {"explained": found.current.explained, "best": best}
        if found.is_poor:
            report.add(ImportProblem.Kind.POLICY, "", found.advice)


def _articles(run: ImportRun) -> Iterator[QuerySet[Article]]:
    """Yield the articles of a run's documents, by id, heat.CHUNK less one at a time."""
    # A join would read all documents of the run for each piece.
    of_run = SourceDocument.objects.filter(run=run).order_by("article_id")
    ids = array("q", of_run.values_list("article_id", flat=True).iterator())
    size = heat.CHUNK - 1
    for start in range(0, len(ids), size):
        yield Article.objects.filter(pk__any_of=set(ids[start : start + size]))
