"""Checks of data integrity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils import timezone

from articles import heat
from articles.images import pruning
from articles.models import Article, HookDelivery, Image, PolicyVersion, Related
from articles.scoring import SUPERSEDED_HEAT

_STUCK_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. ``slug`` is empty if the problem is not about an article."""

    kind: str
    slug: str
    message: str


def findings() -> Iterator[Finding]:
    """Yield all problems, kind by kind.

    This streams a few queries, and one per folder of images.
    """
    yield from _dangling_rows()
    yield from _two_leads()
    yield from _one_way_relations()
    yield from _stale_heat()
    yield from _superseded_without_lead()
    yield from _unnamed_coverage()
    yield from _files_of_images()
    yield from _stuck_hooks()


def _dangling_rows() -> Iterator[Finding]:
    try:
        connection.check_constraints()
    except IntegrityError as error:
        yield Finding("dangling row", "", str(error))


def _links() -> QuerySet[Related]:
    return Related.objects.select_related("article", "target").order_by("pk")


def _two_leads() -> Iterator[Finding]:
    both = _links().filter(article__published=True, target__published=True)
    both = both.exclude(article__heat=SUPERSEDED_HEAT).exclude(target__heat=SUPERSEDED_HEAT)
    back = Related.objects.filter(article=OuterRef("target"), target=OuterRef("article"))
    # Report a mutual pair once.
    for link in both.exclude(Exists(back), article__lt=F("target")).iterator():
        message = f"leads a story with {link.target.slug}, which is also published as a lead"
        yield Finding("two leads", link.article.slug, message)


def _one_way_relations() -> Iterator[Finding]:
    back = Related.objects.filter(article=OuterRef("target"), target=OuterRef("article"))
    for link in _links().filter(~Exists(back), target__coverage_only=False).iterator():
        message = f"links to {link.target.slug}, which does not link back"
        yield Finding("one-way relation", link.article.slug, message)


def _stale_heat() -> Iterator[Finding]:
    # A heat that the document gave does not follow the policy.
    by_policy = Article.objects.filter(heat_is_given=False, coverage_only=False)
    policy = PolicyVersion.objects.first()
    if policy and policy.finished_at is None:
        yield Finding(
            "unfinished policy", "", f"not applied to all articles yet: {policy}; run apply_policy"
        )
        # Articles that the policy has not reached yet are not stale.
        by_policy = by_policy.filter(pk__lte=policy.applied_to or 0)
    for difference in heat.differences(by_policy):
        yield Finding("stale heat", difference.slug, str(difference))


def _superseded_without_lead() -> Iterator[Finding]:
    published = Related.objects.filter(article=OuterRef("pk"), target__published=True)
    superseded = Article.objects.filter(~Exists(published), heat=SUPERSEDED_HEAT)
    for slug in superseded.order_by("pk").values_list("slug", flat=True).iterator():
        yield Finding(
            "lead not published", slug, "is superseded, but none of its leads is published"
        )


def _unnamed_coverage() -> Iterator[Finding]:
    # Coverage that an editor unlinked remains on purpose.
    stubs = Article.objects.filter(coverage_only=True, named_by_links=None, act_changes=None)
    for slug in stubs.order_by("pk").values_list("slug", flat=True).iterator():
        yield Finding("unnamed coverage", slug, "is coverage only, but no article links to it")


def _files_of_images() -> Iterator[Finding]:
    # List the storage, one shard at a time.
    for stored, name in pruning.missing():
        shown = Image.objects.filter(stored=stored).select_related("article").first()
        slug = shown.article.slug if shown else ""
        yield Finding("missing file", slug, f"the file {name} of its image is missing")
    for name in pruning.orphans(timezone.now() - pruning.GRACE):
        yield Finding("orphan file", "", f"the file {name} belongs to no image; run prune_images")


def _stuck_hooks() -> Iterator[Finding]:
    # The oldest delivery is due and still unsent, so no worker is sending.
    due = HookDelivery.objects.due(timezone.now() - _STUCK_AFTER).order_by()
    for name, count in due.values_list("hook__name").annotate(Count("pk")).order_by("hook__name"):
        message = f"{name}: {count} events overdue by an hour; is manage.py work running?"
        yield Finding("stuck web hook", "", message)
