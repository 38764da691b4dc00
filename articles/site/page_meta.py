"""The metadata in the head of a page, for search engines and link previews."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import escape_uri_path
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from articles.models import Article, Topic
from articles.site import structured_data
from articles.site.feeds.lists import tagline
from articles.site.pictures import SharedImage, shared_picture
from articles.site.stories import Story
from articles.site.structured_data import Crumb
from newsroom import database_clock
from newsroom.absolute_urls import absolute
from providers.models import Provider

LONGEST_DESCRIPTION: Final = 200
"""Characters; search engines and link previews show fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeta:
    """The context ``meta`` of ``templates/articles/_meta.html``."""

    title: str
    description: str
    url: str
    """The canonical URL, absolute."""
    json_ld: SafeString
    kind: str = "website"
    """The type as defined by https://ogp.me: website or article."""
    image: SharedImage | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    is_indexed: bool = True
    """Whether search engines may list the page."""

    @property
    def locale(self) -> str:
        """The page's language in the format of https://ogp.me, for example en_US."""
        return to_locale(get_language() or settings.LANGUAGE_CODE)

    @property
    def card(self) -> str:
        return "summary_large_image" if self.image else "summary"


def for_list(
    request: HttpRequest,
    title: str,
    *,
    description: str = "",
    stories: Iterable[Article | Story] = (),
    crumbs: Sequence[Crumb] = (),
    kept: Sequence[str] = ("after",),
    is_search: bool = False,
) -> PageMeta:
    """Return the metadata of a list. No query if ``stories`` are loaded.

    ``kept`` lists the query parameters that belong to the canonical URL.
    ``crumbs`` are names and paths, from the most general page down to this one.
    """
    url = canonical(request, kept)
    data = structured_data.list_page(
        request, name=title, url=url, stories=stories, crumbs=crumbs, is_search=is_search
    )
    return PageMeta(
        title=title,
        description=_shortened(description or tagline()),
        url=url,
        json_ld=structured_data.as_json(data),
    )


def for_topic(request: HttpRequest, topic: Topic, stories: Iterable[Article | Story]) -> PageMeta:
    """Return the metadata of a topic's page. No query if ``topic`` was loaded with its parent."""
    above = [topic.parent] if topic.parent else []
    return for_list(
        request,
        topic.name,
        description=_("%(topic)s: the best report of each story, with everyone who covered it")
        % {"topic": topic.name},
        stories=stories,
        crumbs=[
            (_("Topics"), reverse("articles:topics")),
            *((one.name, reverse("articles:topic", args=[one.slug])) for one in [*above, topic]),
        ],
    )


def for_provider(
    request: HttpRequest, provider: Provider, stories: Iterable[Article | Story]
) -> PageMeta:
    return for_list(
        request,
        provider.name or provider.domain,
        description=provider.description
        or _("Reports by %(provider)s, and who else covered each story")
        % {"provider": provider.name},
        stories=stories,
        crumbs=[
            (_("Publishers"), reverse("articles:providers")),
            (provider.name, reverse("articles:provider", args=[provider.domain])),
        ],
    )


def for_search(request: HttpRequest, stories: Iterable[Article], kept: Sequence[str]) -> PageMeta:
    words = request.GET.get("q", "").strip()
    title = _("Search: %(words)s") % {"words": words} if words else _("Search")
    meta = for_list(request, title, stories=stories, kept=kept, is_search=True)
    # Anybody can make up searches, and what they find is listed elsewhere.
    return replace(meta, is_indexed=False)


def for_story(request: HttpRequest, lead: Article, coverage: Sequence[Article]) -> PageMeta:
    """Return the metadata of a story's page. No query if ``for_page()`` loaded ``lead``.

    ``coverage`` is the part of the coverage that the page shows.
    """
    url = canonical(request, ["part"], lead.get_absolute_url())
    data = structured_data.story_page(request, lead, url=url, coverage=coverage)
    reported = _("Reported by %(provider)s") % {"provider": lead.provider.name}
    return PageMeta(
        title=lead.headline,
        description=_shortened(lead.summary or reported),
        url=url,
        json_ld=structured_data.as_json(data),
        kind="article",
        image=shared_picture(request, lead),
        published_at=lead.published_at,
        updated_at=lead.updated_for_readers(database_clock.now()),
        tags=tuple(topic.name for topic in lead.shown_topics),
    )


def canonical(request: HttpRequest, kept: Sequence[str], path: str = "") -> str:
    """Return the canonical URL of ``path`` or this page, with the parameters ``kept`` in order."""
    given = [(name, value) for name in kept for value in request.GET.getlist(name) if value]
    query = f"?{urlencode(given)}" if given else ""
    return absolute(request, f"{path or escape_uri_path(request.path)}{query}")


def _shortened(text: str) -> str:
    return Truncator(" ".join(text.split())).chars(LONGEST_DESCRIPTION)
