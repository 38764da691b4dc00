"""The picture of a report: the copy that is kept here, or one drawn of its provider's initial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from django import template

from articles.models import Logo

if TYPE_CHECKING:
    from articles.models import Article, StoredImage
    from providers.models import Provider

register = template.Library()

TONES: Final = 8
"""As many classes ``tone-0``, ``tone-1`` … are there in site.css."""
FOCUS_STEP: Final = 25
"""Percent between two of the classes ``x-0``, ``x-25`` … there; none of them means 50."""
THUMBNAIL: Final = 320
"""Pixels: nearly twice what the widest picture of a card takes, three times what one takes on a phone."""
SIZES: Final = {
    "first": "(min-width: 62rem) 30rem, (min-width: 46rem) 20rem, 92vw",
    "page": "(min-width: 54rem) 50rem, 92vw",
}
"""The places where a picture is large, and how wide it is there, as lists.css and report.css have it."""
_LONGEST_ALT: Final = {"card": 80, "first": 200, "page": 200}
"""Characters. On a card the headline says what it is about, and 25 of them are a page."""


@register.filter
def tone(domain: str) -> str:
    """Return the class of a provider's color: always the same one for the same domain."""
    return f"tone-{crc32(domain.encode(errors='replace')) % TONES}"


@register.filter
def initial(name: str) -> str:
    """Return the letter or digit that stands for a name; nothing where it has none."""
    named = name.removeprefix("The ") or name
    return next((sign.upper()[:1] for sign in named if sign.isalnum()), "")


@register.inclusion_tag("articles/_picture.html")
def picture(report: Article, place: str, *, is_on_top: bool = False) -> dict[str, Any]:
    """Show the picture of a report on a ``card``, the ``first`` of them or a ``page`` of its own.

    Whatever becomes of it nothing moves: a card keeps its shape, and on a page the picture keeps its
    own. What is seen at once, ``is_on_top``, is loaded first, and all else when it is near.
    """
    image = report.picture
    stored = image.stored if image else None
    if image is None or stored is None:
        return {"provider": report.provider}
    return {
        "stored": stored,
        "place": place,
        "sizes": SIZES.get(place),
        "thumbnail": stored.copy_of(THUMBNAIL),
        "largest": stored.copies[-1],
        "alt": alt(image.title or "", report.headline),
        "longest_alt": _LONGEST_ALT[place],
        "focus": focus(stored),
        "is_on_top": is_on_top,
    }


@register.inclusion_tag("articles/_logo.html")
def logo(provider: Provider) -> dict[str, Any]:
    """Show a provider's logo, ``kept_logo__stored`` loaded; or its initial."""
    stored = Logo.of(provider)
    thumbnail = stored.copy_of(THUMBNAIL) if stored else None
    return {"provider": provider, "stored": stored, "thumbnail": thumbnail}


@register.simple_tag
def source(stored: StoredImage, copy: Any, kind: str) -> str:
    """Return the address of a copy in a format."""
    return stored.url_of(copy, kind)


@register.filter
def srcset(stored: StoredImage, kind: str) -> str:
    """Return the addresses and widths of all copies in a format."""
    return stored.srcset(kind)


def alt(title: str, headline: str) -> str:
    """Return what an image shows, as its document says; blank, as for decoration, if that says nothing
    that the headline beside it does not."""
    words = " ".join(title.split())
    return "" if words.casefold() == " ".join(headline.split()).casefold() else words


def focus(stored: StoredImage) -> str:
    """Return the classes that keep in sight what must be seen of a picture that is cropped."""
    return "".join(
        f" {axis}-{step}"
        for axis, percent in (("x", stored.focal_x), ("y", stored.focal_y))
        if (step := round(percent / FOCUS_STEP) * FOCUS_STEP) != 50
    )
