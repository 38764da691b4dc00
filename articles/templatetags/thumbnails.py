"""Thumbnails of stored images, for editors."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles.models import Image

register = template.Library()


@register.simple_tag
def thumb(image: Image | None) -> SafeString | str:
    if image is None or image.stored is None:
        return ""
    copy = image.stored.copies[0]
    return format_html(
        '<img class="thumb" src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async">',
        image.stored.url_of(copy, "webp"),
        copy["width"],
        copy["height"],
    )
