"""Links to rows in the admin, to other sites, and back."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString


def admin_link(row: models.Model | None, text: object = None) -> SafeString | str:
    """Return a link to a row's admin page, labeled with ``text`` or the row; return a dash for
    None.
    """
    if row is None:
        return "-"
    options = row._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row if text is None else text)


def list_link(model: type[models.Model], text: object, **query: int) -> SafeString:
    """Return a link to the list of a model's rows, filtered by ``query``."""
    address = reverse(f"admin:articles_{model._meta.model_name}_changelist", query=query)
    return format_html('<a href="{}">{}</a>', address, text)


def outward_link(url: str, text: object = None) -> SafeString | str:
    """Return a link to another site that sends no referrer; ``url`` must be a web URL."""
    return format_html(
        '<a href="{}" rel="noopener noreferrer external">{}</a>', url, url if text is None else text
    )


def next_page(request: HttpRequest, otherwise: str) -> str:
    """Return the admin URL that the form or query has as ``next``, or ``otherwise``.

    Refuse everything outside the admin: other sites, and paths that leave it with ``..``.
    """
    address = request.POST.get("next") or request.GET.get("next") or ""
    # Accept only paths: we never write absolute URLs, not even for this site.
    is_sound = address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
    path = unquote(urlsplit(address).path) if is_sound else ""
    is_ours = path.startswith(reverse("admin:index"))
    return address if is_ours and "\\" not in path and "/." not in path else otherwise
