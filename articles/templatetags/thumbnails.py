"""Small pictures for editors: of copies that are kept here, and of nothing else."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles.models import Article, Image

register = template.Library()


@register.simple_tag
def thumb(image: Image | None) -> SafeString | str:
    """Draw the smallest copy; nothing where none is kept."""
    if image is None or image.stored is None:
        return ""
    copy = image.stored.copies[0]
    return format_html(
        '<img class="thumb" src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async">',
        image.stored.url_of(copy, "webp"),
        copy["width"],
        copy["height"],
    )


@register.simple_tag
def thumb_of(article: Article) -> SafeString | str:
    """Draw an article's picture; load its images with their copies, or pay a query or two."""
    return thumb(article.picture)
