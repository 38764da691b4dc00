"""What the head of a page says: to search engines, and to whoever shows a link to it as a card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from articles.site.pictures import ToldImage, told_of
from articles.site.structured_data import Crumb
from newsroom.absolute_urls import absolute
from providers.models import Provider

LONGEST_DESCRIPTION: Final = 200
"""Characters; search engines and cards show fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeta:
    """What ``templates/articles/_meta.html`` writes, as ``meta`` in a page's context."""

    title: str
    description: str
    url: str
    """The canonical address, whole."""
    json_ld: SafeString
    kind: str = "website"
    """The type of https://ogp.me: website or article."""
    image: ToldImage | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()

    @property
    def locale(self) -> str:
        """The page's language as https://ogp.me writes it: en_US."""
        return to_locale(get_language() or settings.LANGUAGE_CODE)

    @property
    def card(self) -> str:
        """The kind of card that shows it best."""
        return "summary_large_image" if self.image else "summary"


def for_list(
    request: HttpRequest,
    title: str,
    *,
    description: str = "",
    stories: Iterable[Article] = (),
    crumbs: Sequence[Crumb] = (),
    kept: Sequence[str] = ("after",),
    is_search: bool = False,
) -> PageMeta:
    """Make what the head of a list says; no query beyond what ``stories`` took.

    ``kept`` names the parameters that make it another page: the others are not in its address.
    ``crumbs`` lead from the most general to the page itself: names and paths.
    """
    url = canonical(request, kept)
    data = structured_data.list_page(
        request, name=title, url=url, stories=stories, crumbs=crumbs, is_search=is_search
    )
    description = description or settings.SITE_TAGLINE
    return PageMeta(
        title=title,
        description=_shortened(
            description or _("The best report of each story, with everyone who covered it")
        ),
        url=url,
        json_ld=structured_data.as_json(data),
    )


def for_topic(request: HttpRequest, topic: Topic, stories: Iterable[Article]) -> PageMeta:
    """Make what the head of a topic's page says; ``topic`` was loaded with its parent."""
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


def for_provider(request: HttpRequest, provider: Provider, stories: Iterable[Article]) -> PageMeta:
    """Make what the head of a provider's page says."""
    return for_list(
        request,
        provider.name,
        description=provider.description
        or _("What %(provider)s reported, and who else covered it") % {"provider": provider.name},
        stories=stories,
        crumbs=[
            (_("Publishers"), reverse("articles:providers")),
            (provider.name, reverse("articles:provider", args=[provider.domain])),
        ],
    )


def for_search(
    request: HttpRequest, stories: Iterable[Article], kept: Sequence[str] = ("q", "after")
) -> PageMeta:
    """Make what the head of a page of results says; ``kept`` names all that a search takes."""
    words = request.GET.get("q", "").strip()
    title = _("Search: %(words)s") % {"words": words} if words else _("Search")
    return for_list(request, title, stories=stories, kept=kept, is_search=True)


def for_story(
    request: HttpRequest, lead: Article, coverage: Sequence[Article] | None = None
) -> PageMeta:
    """Make what the head of a story's page says; ``for_page()`` loaded ``lead``, so no query.

    ``coverage`` is the part of it that the page shows; by default all.
    """
    url = canonical(request, ["part"], lead.get_absolute_url())
    shown = lead.coverage if coverage is None else coverage
    data = structured_data.story_page(request, lead, url=url, coverage=shown)
    reported = _("Reported by %(provider)s") % {"provider": lead.provider.name}
    return PageMeta(
        title=lead.headline,
        description=_shortened(lead.summary or reported),
        url=url,
        json_ld=structured_data.as_json(data),
        kind="article",
        image=told_of(request, lead),
        published_at=lead.published_at,
        updated_at=lead.updated_at,
        tags=tuple(link.topic.name for link in lead.topic_links.all()),
    )


def canonical(request: HttpRequest, kept: Sequence[str], path: str = "") -> str:
    """Return the one address of the page asked for: of its parameters, those ``kept`` in that order."""
    given = [(name, value) for name in kept for value in request.GET.getlist(name) if value]
    query = f"?{urlencode(given)}" if given else ""
    return absolute(request, f"{path or escape_uri_path(request.path)}{query}")


def _shortened(text: str) -> str:
    return Truncator(" ".join(text.split())).chars(LONGEST_DESCRIPTION)
