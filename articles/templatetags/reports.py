"""Short parts of readers' pages. A page has hundreds of them, so they are not templates."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from django import template
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext

from articles.models import Article

register = template.Library()


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


def _time(local: datetime, pattern: str) -> SafeString:
    shown = dateformat.format(local, pattern)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), shown)


@register.simple_tag
def byline(report: Any, has_day_above: bool | str = False) -> SafeString:
    """Show the publisher and time of a report; without the day if that is above."""
    return format_html(
        '<p class="byline"><a class="provider" href="{}">{}</a>{}{}</p>',
        provider_address(report.provider.domain),
        publisher(report.provider),
        (hour if has_day_above else time)(report.published_at),
        format_html('<span class="kind">{}</span>', gettext("Video"))
        if report.type == Article.Type.VIDEO
        else "",
    )


@register.simple_tag
def report_line(report: Any, when: SafeString | str = "") -> SafeString:
    """Show a report: its publisher, its time, and its headline with a link to the original."""
    headline, url = shortened(report.headline, 200), report.source_url
    return format_html(
        "<b>{}</b>{}{}",
        publisher(report.provider),
        format_html(", {}", when) if when else ": ",
        format_html('<a href="{}">{}</a>', url, headline)
        if url
        else format_html("<span>{}</span>", headline),
    )
