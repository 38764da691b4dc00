"""Topics and publishers as readers see them: which ones are listed, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from unicodedata import normalize

from django.db.models import Exists, OuterRef, QuerySet

from articles.models import Article, Topic
from articles.site.stories import Name, Story
from providers.models import Provider

_Named = TypeVar("_Named")

NO_LETTER: Final = "#"
"""The heading of names that do not begin with a letter."""


def has_reports() -> Exists:
    """Return the condition for topics with at least one report that readers can reach."""
    return Exists(Article.objects.reachable().filter(topic_links__topic=OuterRef("pk")))


def listed_topics() -> QuerySet[Topic]:
    """Return the topics of reports that readers can reach."""
    return Topic.objects.filter(has_reports())


def listed_providers() -> QuerySet[Provider]:
    """Return the providers of reports that readers can reach."""
    supplied = Article.objects.reachable().filter(provider=OuterRef("pk"))
    return Provider.objects.filter(Exists(supplied))


def frequent_topics(stories: Iterable[Article | Story], limit: int) -> list[Topic | Name]:
    """Return the topics of these stories, the most frequent first. No query if they are loaded."""
    counts = Counter(topic for story in stories for topic in story.shown_topics)
    return sorted(counts, key=lambda topic: (-counts[topic], topic.name, topic.slug))[:limit]


def by_letter(
    rows: Iterable[_Named], name: Callable[[_Named], str]
) -> list[tuple[str, list[_Named]]]:
    """Group rows by the first letter of their names, ignoring case and accents."""
    letters: dict[str, list[_Named]] = {}
    for row in sorted(rows, key=lambda row: _folded(name(row))):
        first = _folded(name(row))[:1].upper()
        letters.setdefault(first if first.isalpha() else NO_LETTER, []).append(row)
    return sorted(letters.items(), key=lambda item: (item[0] == NO_LETTER, item[0]))


def _folded(name: str) -> str:
    return normalize("NFKD", name.strip()).casefold()
