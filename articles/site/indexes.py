"""The topics and publishers that readers find something of."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from articles.models import Article, Topic
from providers.models import Provider


def has_reports() -> Exists:
    """Whether a topic has a report that readers can reach, its own or as coverage."""
    return Exists(Article.objects.reachable().filter(topic_links__topic=OuterRef("pk")))


def listed_topics() -> QuerySet[Topic]:
    """Return the topics that have one."""
    return Topic.objects.filter(has_reports())


def listed_providers() -> QuerySet[Provider]:
    """Return the publishers of one."""
    supplied = Article.objects.reachable().filter(provider=OuterRef("pk"))
    return Provider.objects.filter(Exists(supplied))
