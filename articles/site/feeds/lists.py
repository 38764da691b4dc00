"""What can be followed: the lists of the site and each story."""

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
    """How a page tells of one of its feeds."""

    label: str
    media_type: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A list, or a story, as its page and its feeds name it."""

    title: str
    page: str
    """The name of its page's address; that of its feeds is the same with ``-feed``."""
    arguments: dict[str, str] = field(default_factory=dict)
    query: str = ""
    """What both addresses end in, with its question mark."""

    @property
    def page_address(self) -> str:
        """Return the path of its page."""
        return reverse(f"articles:{self.page}", kwargs=self.arguments) + self.query

    def feed_address(self, ending: str) -> str:
        """Return the path of its feed in one of ``FORMATS``."""
        arguments = {**self.arguments, "ending": ending}
        return reverse(f"articles:{self.page}-feed", kwargs=arguments) + self.query

    @property
    def full_title(self) -> str:
        """Name it among the feeds of other sites."""
        return f"{settings.SITE_NAME}: {self.title}"

    @property
    def description(self) -> str:
        """Say in a sentence what the site is."""
        return settings.SITE_TAGLINE or gettext(
            "The best report of each story, with everyone who covered it"
        )


def feed_links(followed: Followed) -> list[FeedLink]:
    """Return what the head of a page says of its feeds; ``articles/_feeds.html`` shows it."""
    return [
        FeedLink(feed.label, feed.media_type, followed.feed_address(ending), followed.full_title)
        for ending, feed in FORMATS.items()
    ]


def front() -> Followed:
    """Name the front page."""
    return Followed(gettext("Top stories"), "front")


def latest() -> Followed:
    """Name the list of what is newest."""
    return Followed(gettext("Latest"), "latest")


def of_topic(topic: Topic) -> Followed:
    """Name the list of a topic."""
    return Followed(topic.name, "topic", {"slug": topic.slug})


def of_provider(provider: Provider) -> Followed:
    """Name the list of a provider."""
    return Followed(provider.name, "provider", {"domain": provider.domain})


def of_search(asked: QueryDict) -> Followed:
    """Name what a search finds; ``asked`` is what its page was asked for."""
    kept = asked.copy()
    # Where a page begins is no part of the question.
    kept.pop("after", None)
    words = Truncator(asked.get("q", "")).chars(100)
    title = gettext("Search for %(words)s") % {"words": words} if words else gettext("Search")
    return Followed(title, "search", query=f"?{kept.urlencode()}" if kept else "")


def of_story(lead: Article) -> Followed:
    """Name the story that an article leads."""
    return Followed(lead.headline, "article", {"slug": lead.slug})
