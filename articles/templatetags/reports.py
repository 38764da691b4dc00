"""Short parts of readers' pages. A page has hundreds of them, so they are not templates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final
from unicodedata import normalize

from django import template
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext, pgettext

from articles.models import Article

register = template.Library()

TOPICS: Final = 3
REPORTS: Final = 5
"""The most topics and reports on a card."""


@register.filter
def shortened(text: str, limit: int) -> str:
    """Return the same as ``truncatechars``, which is slow even for a short text."""
    text = normalize("NFC", text)
    return text if len(text) <= limit else Truncator(text).chars(limit)


@register.filter
def publisher(provider: Any) -> str:
    """Return the name of a provider as readers see it."""
    return shortened(provider.name or provider.domain, 80)


@register.filter
@lru_cache(maxsize=4096)
def topic_address(slug: str) -> str:
    return reverse("articles:topic", args=[slug])


@register.filter
@lru_cache(maxsize=4096)
def provider_address(domain: str) -> str:
    return reverse("articles:provider", args=[domain])


@register.simple_tag
def time(moment: datetime) -> SafeString:
    """Show a date and time."""
    pattern = pgettext("format of a date and time", "M j, Y, H:i")
    return _time(timezone.localtime(moment), pattern)


@register.simple_tag
def hour(moment: datetime) -> SafeString:
    """Show a time without its day."""
    return _time(timezone.localtime(moment), pgettext("format of a time of day", "H:i"))


def _escaped(html: str) -> SafeString:
    """Return HTML as safe. Its parts must be escaped: ``format_html`` would take much longer."""
    return mark_safe(html)  # noqa: S308


def _time(local: datetime, pattern: str) -> SafeString:
    shown = escape(dateformat.format(local, pattern))
    return _escaped(f'<time datetime="{local.isoformat()}">{shown}</time>')


@register.simple_tag
def byline(report: Any, has_day_above: bool | str = False) -> SafeString:
    """Show the publisher and time of a report; without the day if that is above."""
    address = escape(provider_address(report.provider.domain))
    name = escape(publisher(report.provider))
    when = (hour if has_day_above else time)(report.published_at)
    is_video = report.type == Article.Type.VIDEO
    kind = f'<span class="kind">{escape(gettext("Video"))}</span>' if is_video else ""
    html = f'<p class="byline"><a class="provider" href="{address}">{name}</a>{when}{kind}</p>'
    return _escaped(html)


@register.simple_tag
def report_line(report: Any, when: SafeString | str = "") -> SafeString:
    """Show a report: its publisher, its time, and its headline with a link to the original."""
    headline, url = escape(shortened(report.headline, 200)), escape(report.source_url)
    before = f", {conditional_escape(when)}" if when else ": "
    shown = f'<a href="{url}">{headline}</a>' if url else f"<span>{headline}</span>"
    html = f"<b>{escape(publisher(report.provider))}</b>{before}{shown}"
    return _escaped(html)


@register.simple_tag
def topic_links(topics: Sequence[Any]) -> SafeString:
    """Show the first topics of a story."""
    shown = "".join(
        f'<li><a href="{escape(topic_address(topic.slug))}">'
        f"{escape(shortened(topic.name, 60))}</a></li>\n"
        for topic in topics[:TOPICS]
    )
    return _escaped(f'<ul class="topics">\n{shown}</ul>' if shown else "")


@register.simple_tag
def coverage(story: Any) -> SafeString:
    """Show the first reports behind a story, and how many more there are."""
    reports = story.coverage
    if not reports:
        return SafeString()
    shown = "".join(f"<li>{report_line(report)}</li>\n" for report in reports[:REPORTS])
    title, more = escape(gettext("More coverage")), ""
    if (rest := len(reports) - REPORTS) > 0:
        words = ngettext("%(rest)s more", "%(rest)s more", rest) % {"rest": localize(rest)}
        address = escape(story.get_absolute_url())
        more = f'<a class="more" href="{address}#coverage">\n{escape(words)}\n</a>\n'
    html = f'<div class="coverage">\n<h3>{title}</h3>\n<ul>\n{shown}</ul>\n{more}</div>'
    return _escaped(html)
