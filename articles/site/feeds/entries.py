"""Feed entries, made from articles. No queries: everything is already loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.translation import get_language, gettext

from articles.models import Article
from articles.site.feeds.formats import clean
from articles.site.pictures import SharedImage, shared_picture
from newsroom.absolute_urls import absolute


def story_entry(request: HttpRequest, story: Article, at: datetime) -> dict[str, Any]:
    """Return the entry of a published article, loaded by ``for_list().with_last_change()``."""
    page = absolute(request, story.get_absolute_url())
    image = shared_picture(request, story)
    return _entry(request, story) | {
        "link": page,
        "unique_id_is_permalink": story.first_slug == story.slug,
        "description": linebreaksbr(clean(story.summary)) or None,
        "summary": clean(story.summary),
        "content": _content(story, story.summary, story.coverage),
        "categories": [_line(topic.name) for topic in story.shown_topics],
        "image": image and _image(image),
        "updateddate": story.updated_for_readers(at),
        "language": story.locale if story.locale.lower() != get_language() else "",
    }


def report_entry(
    request: HttpRequest, report: Article, story: Article, at: datetime
) -> dict[str, Any]:
    """Return the entry of a report in a story: publisher, time and headline, as on the story's page.

    It has no excerpt and no pictures, because the report itself may be a draft.
    """
    is_published = report.is_published(at)
    page = absolute(request, report.get_absolute_url())
    elsewhere = report.source_url or absolute(request, story.get_absolute_url())
    return _entry(request, report) | {
        "link": page if is_published else elsewhere,
        "unique_id_is_permalink": is_published and report.first_slug == report.slug,
        "description": None,
        "summary": "",
        "content": _content(report),
        "categories": [],
        "image": None,
        "updateddate": report.updated_for_readers(at),
        "language": "",
    }


def _entry(request: HttpRequest, report: Article) -> dict[str, Any]:
    domain = report.provider.domain
    # The id never changes: it is the URL of its first page, even if that is not published.
    first_page = reverse("articles:article", args=[report.first_slug])
    return {
        "title": _line(report.headline),
        "unique_id": absolute(request, first_page),
        "author_name": _line(report.provider.name),
        "author_link": f"https://{domain}/" if domain.isascii() else None,
        "pubdate": report.published_at,
        "original": _address(report.source_url),
    }


def _content(report: Article, summary: str = "", coverage: Iterable[Article] = ()) -> str:
    """Return compact HTML. With a template, indentation would be a quarter of the feed."""
    parts = [linebreaks(summary, autoescape=True)] if summary else []
    parts.append(format_html("<p>{}</p>", _link(report, _invitation(report))))
    named = [(other.provider.name, _link(other, other.headline)) for other in coverage]
    if named:
        parts.append(format_html("<h2>{}</h2>", gettext("More coverage")))
        parts.append(format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", named)))
    return "".join(parts)


def _invitation(report: Article) -> str:
    if not report.source_url:
        return report.provider.name
    is_video = report.type == Article.Type.VIDEO
    text = gettext("Watch at %(provider)s") if is_video else gettext("Read at %(provider)s")
    return text % {"provider": report.provider.name}


def _link(report: Article, text: str) -> str:
    """Return ``text`` as a link to the original, or without a link if its URL is unsafe."""
    if not report.source_url:
        return text
    markup = '<a href="{}" rel="noopener noreferrer external">{}</a>'
    return format_html(markup, _address(report.source_url), text)


def _image(image: SharedImage) -> dict[str, Any]:
    words = {"title": _line(image.title), "credit": _line(image.credit)}
    return asdict(image) | words | {"url": _address(image.url)}


def _line(text: str) -> str:
    return " ".join(str(clean(text)).split())


def _address(url: str) -> str:
    # Documents may contain international URLs; feeds need them encoded.
    return str(iri_to_uri(clean(url)))
