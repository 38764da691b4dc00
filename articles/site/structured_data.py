"""Structured data of pages: https://schema.org as JSON-LD. No queries: everything is loaded.

Pages credit each report to its publisher, with its URL, and claim no authorship. Authors are unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language

from articles.models import Article, Logo
from articles.site.pictures import media_address, shared
from articles.site.stories import Story
from newsroom import database_clock
from newsroom.absolute_urls import absolute
from newsroom.web_url import is_web_url

LONGEST_HEADLINE: Final = 110
"""Characters; search engines cut off longer headlines."""
MOST_MENTIONED: Final = 25
"""The most reports of the coverage to list, to keep pages small."""

# Providers' keys are usually domains, but can be any text.
_HOST: Final = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
# Characters that end a script element or change how it is parsed, the line separators (which end a
# line if JSON is read as JavaScript), and the apostrophe (for use in attributes).
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'\u2028\u2029"}

Crumb = tuple[str, str]
"""A name and a path on this site."""
Data = dict[str, Any]


def as_json(data: Data) -> SafeString:
    """Return JSON that is safe inside a script element, because no text can close the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308 - everything special in HTML is escaped


def list_page(
    request: HttpRequest,
    *,
    name: str,
    url: str,
    stories: Iterable[Article | Story] = (),
    crumbs: Sequence[Crumb] = (),
    is_search: bool = False,
) -> Data:
    """Describe a page of a list and its stories, in order.

    Articles behind a lead are left out, because they have no page of their own.
    """
    page = _page(request, "SearchResultsPage" if is_search else "CollectionPage", name, url)
    if crumbs:
        links = [
            {"@type": "ListItem", "position": place, "name": name, "item": absolute(request, path)}
            for place, (name, path) in enumerate(crumbs, 1)
        ]
        page["breadcrumb"] = {"@type": "BreadcrumbList", "itemListElement": links}
    # URLs are enough and keep this page small; the stories' own pages have the rest.
    origin = absolute(request, "")
    items = [f"{origin}{story.get_absolute_url()}" for story in stories if story.published]
    if items:
        page["mainEntity"] = {
            "@type": "ItemList",
            "numberOfItems": len(items),
            "itemListElement": items,
        }
    return page


def story_page(
    request: HttpRequest, lead: Article, *, url: str, coverage: Sequence[Article]
) -> Data:
    """Describe a story's page. The lead's original is the main entity; coverage is mentioned."""
    updated = lead.updated_for_readers(database_clock.now()).isoformat()
    page = _page(request, "WebPage", lead.headline, url) | {"dateModified": updated}
    if topics := lead.shown_topics:
        page["about"] = [
            {
                "@type": "Thing",
                "name": topic.name,
                "url": absolute(request, reverse("articles:topic", args=[topic.slug])),
            }
            for topic in topics
        ]
    page["mainEntity"] = _original(request, lead) | {"dateModified": updated}
    if coverage:
        page["mentions"] = [_report(report) for report in coverage[:MOST_MENTIONED]]
    return page


def _page(request: HttpRequest, kind: str, name: str, url: str) -> Data:
    search = absolute(request, reverse("articles:search"))
    return {
        "@context": "https://schema.org",
        "@type": kind,
        "@id": url,
        "url": url,
        "name": name,
        "inLanguage": get_language() or settings.LANGUAGE_CODE,
        "isPartOf": {
            "@type": "WebSite",
            "name": settings.SITE_NAME,
            "url": absolute(request, reverse("articles:front")),
            "potentialAction": {
                "@type": "SearchAction",
                "target": {
                    "@type": "EntryPoint",
                    "urlTemplate": f"{search}?q={{search_term_string}}",
                },
                "query-input": "required name=search_term_string",
            },
        },
    }


def _original(request: HttpRequest, article: Article) -> Data:
    """Describe the lead's original, with its pictures and its publisher's logo."""
    data = _report(article)
    if article.locale:
        data["inLanguage"] = article.locale
    pictures = [shared(request, image).url for image in article.shown_images]
    if pictures:
        data["image"] = pictures
    if article.type == Article.Type.VIDEO and pictures:
        data["thumbnailUrl"] = pictures[0]
    if summary := article.summary:
        data["description"] = Truncator(summary).chars(200)
    logo: Any = article.provider.logo
    if kept := Logo.of(article.provider):
        logo = {**kept.copies[-1], "url": media_address(request, kept.url)}
    if logo and is_web_url(logo["url"]):
        sizes = {key: logo[key] for key in ("width", "height") if logo.get(key)}
        data["publisher"]["logo"] = {"@type": "ImageObject", "url": logo["url"], **sizes}
    return data


def _report(article: Article) -> Data:
    """Describe a report, using only columns that are loaded for coverage."""
    is_video = article.type == Article.Type.VIDEO
    headline = Truncator(article.headline).chars(LONGEST_HEADLINE)
    published = article.published_at.isoformat()
    data: Data = {"@type": "VideoObject" if is_video else "NewsArticle", "headline": headline}
    if is_video:
        data |= {"name": headline, "uploadDate": published}
    if article.source_url:
        data["url"] = article.source_url
    data["datePublished"] = published
    data["publisher"] = {"@type": "Organization", "name": article.provider.name}
    if _HOST.fullmatch(article.provider.domain):
        data["publisher"]["url"] = f"https://{article.provider.domain}/"
    return data
