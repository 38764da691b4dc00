"""How the picture of a report is drawn while none of it is kept here."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from django import template

register = template.Library()

TONES: Final = 8
"""As many classes ``tone-0``, ``tone-1`` … are there in site.css."""


@register.filter
def tone(domain: str) -> str:
    """Give the class of a provider's color: always the same one for the same domain."""
    return f"tone-{crc32(domain.encode(errors='replace')) % TONES}"


@register.filter
def initial(name: str) -> str:
    """Give the letter or digit that stands for a name; nothing where it has none."""
    named = name.removeprefix("The ") or name
    return next((sign.upper()[:1] for sign in named if sign.isalnum()), "")
