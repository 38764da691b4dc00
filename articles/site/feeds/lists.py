"""The lists and stories that have feeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext

from articles.models import Article, Topic
from articles.site.feeds.formats import FORMATS
from providers.models import Provider


class FeedLink(NamedTuple):
    label: str
    media_type: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A list or story that has feeds: its title and the URLs of its page and feeds."""

    title: str
    page: str
    """The name of the page's URL pattern; the feeds' pattern has the suffix ``-feed``."""
    arguments: dict[str, str] = field(default_factory=dict)
    query: str = ""
    """The query string of both URLs, including the question mark."""

    @property
    def page_address(self) -> str:
        return reverse(f"articles:{self.page}", kwargs=self.arguments) + self.query

    def feed_address(self, ending: str) -> str:
        arguments = {**self.arguments, "ending": ending}
        return reverse(f"articles:{self.page}-feed", kwargs=arguments) + self.query

    @property
    def full_title(self) -> str:
        """The title for feed readers, with the name of the site."""
        return f"{settings.SITE_NAME}: {self.title}"


def tagline() -> str:
    return settings.SITE_TAGLINE or gettext(
        "The best report of each story, with everyone who covered it"
    )


def feed_links(source: FeedSource) -> list[FeedLink]:
    """Return the context ``feeds`` of ``articles/_feeds.html``."""
    return [
        FeedLink(feed.label, feed.media_type, source.feed_address(ending), source.full_title)
        for ending, feed in FORMATS.items()
    ]


def front() -> FeedSource:
    return FeedSource(gettext("Top stories"), "front")


def latest() -> FeedSource:
    return FeedSource(gettext("Latest"), "latest")


def of_topic(topic: Topic) -> FeedSource:
    return FeedSource(topic.name, "topic", {"slug": topic.slug})


def of_provider(provider: Provider) -> FeedSource:
    return FeedSource(provider.name, "provider", {"domain": provider.domain})


def of_search(asked: QueryDict) -> FeedSource:
    """Return the source for a search; ``asked`` is the query of the search page."""
    kept = asked.copy()
    kept.pop("after", None)
    words = Truncator(asked.get("q", "")).chars(100)
    title = gettext("Search for %(words)s") % {"words": words} if words else gettext("Search")
    return FeedSource(title, "search", query=f"?{kept.urlencode()}" if kept else "")


def of_story(lead: Article) -> FeedSource:
    return FeedSource(lead.headline, "article", {"slug": lead.slug})
