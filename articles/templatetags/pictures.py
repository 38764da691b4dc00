"""Pictures of reports: the stored copy, or a drawing with the provider's initial."""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles.models import Article, Logo, StoredImage
from articles.site.stories import Story, Supplier
from providers.models import Provider

register = template.Library()

TONES: Final = 8
"""Number of classes ``tone-0``, ``tone-1`` … in site.css."""
FOCUS_STEP: Final = 25
"""Percent between the classes ``x-0``, ``x-25`` … in site.css; no class means 50."""
THUMBNAIL: Final = 320
"""Pixels: nearly twice the widest picture on a card, three times that on a phone."""
SIZES: Final = {
    "first": "(min-width: 62rem) 30rem, (min-width: 46rem) 20rem, 92vw",
    "page": "(min-width: 54rem) 50rem, 92vw",
}
"""The widths of large pictures by place, as in lists.css and report.css."""
_LONGEST_ALT: Final = {"card": 80, "first": 200, "page": 200}
"""Characters. Cards have less: the headline says the same, and a page has 25 cards."""


@register.filter
def tone(domain: str) -> str:
    """Return the CSS class of a provider's color, which is always the same for a domain."""
    return f"tone-{crc32(domain.encode(errors='replace')) % TONES}"


@register.filter
def initial(name: str) -> str:
    """Return the first letter or digit of a name, ignoring "The"; "" if it has none."""
    named = name.removeprefix("The ") or name
    return next((sign.upper()[:1] for sign in named if sign.isalnum()), "")


@register.simple_tag
def drawn(provider: Provider | Supplier) -> SafeString:
    """Show a drawing with a provider's initial."""
    name = provider.name or provider.domain
    html = '<span class="picture {}" data-initial="{}" aria-hidden="true"></span>'
    return format_html(html, tone(provider.domain), initial(name))


@register.simple_tag(takes_context=True)
def picture(
    context: Context, report: Article | Story, place: str, *, is_on_top: bool = False
) -> SafeString:
    """Show the picture of a report; ``place`` is ``card``, ``first`` (the large card) or ``page``.

    The layout does not shift while it loads. Pictures visible immediately (``is_on_top``) load
    first, the others when the reader scrolls near them.
    """
    image = report.picture
    stored = image.stored if image else None
    if image is None or stored is None:
        return drawn(report.provider)
    shown = {
        "stored": stored,
        "place": place,
        "sizes": SIZES.get(place),
        **_thumbnail(stored),
        "largest": stored.copies[-1],
        "alt": alt(image.title or "", report.headline),
        "longest_alt": _LONGEST_ALT[place],
        "focus": focus(stored),
        "is_on_top": is_on_top,
    }
    engine = context.template.engine  # type: ignore[union-attr]
    return engine.get_template("articles/_picture.html").render(context.new(shown))


@register.inclusion_tag("articles/_logo.html")
def logo(provider: Provider) -> dict[str, Any]:
    """Show a provider's stored logo or its initial. No query if ``kept_logo__stored`` is loaded."""
    stored = Logo.of(provider)
    return {"provider": provider, **(_thumbnail(stored) if stored else {})}


def _thumbnail(stored: StoredImage) -> dict[str, Any]:
    copy = stored.copy_of(THUMBNAIL)
    return {"thumbnail": copy, "thumbnail_url": stored.url_of(copy, "webp")}


@register.filter
def srcset(stored: StoredImage, kind: str) -> str:
    return stored.srcset(kind)


def alt(title: str, headline: str) -> str:
    """Return an image's title as its alt text; "" if it only repeats the headline next to it."""
    words = " ".join(title.split())
    return "" if words.casefold() == " ".join(headline.split()).casefold() else words


def focus(stored: StoredImage) -> str:
    """Return the CSS classes that keep the focal point visible when the picture is cropped."""
    return "".join(
        f" {axis}-{step}"
        for axis, percent in (("x", stored.focal_x), ("y", stored.focal_y))
        if (step := round(percent / FOCUS_STEP) * FOCUS_STEP) != 50
    )
