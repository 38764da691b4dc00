"""Links to rows of the admin, and out of it."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def admin_link(row: models.Model | None, text: object = None) -> SafeString | str:
    """Link to a row's page in the admin, by its name or ``text``; a dash for None."""
    if row is None:
        return "-"
    options = row._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row if text is None else text)


def outward_link(url: str, text: object = None) -> SafeString | str:
    """Link out of the site, telling the other side nothing; ``url`` must be a web address."""
    return format_html(
        '<a href="{}" rel="noopener noreferrer external">{}</a>', url, url if text is None else text
    )
