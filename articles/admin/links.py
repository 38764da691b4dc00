"""Links to rows of the admin, and out of it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
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


def next_page(request: HttpRequest, otherwise: str) -> str:
    """Return the page of the admin that a form or link named as ``next``, or ``otherwise``.

    Nothing outside the admin: not another site, nor a way up by dots that browsers would take.
    """
    address = request.POST.get("next") or request.GET.get("next") or ""
    path = unquote(urlsplit(address).path) if _is_sound(request, address) else ""
    is_ours = path.startswith(reverse("admin:index"))
    return address if is_ours and "\\" not in path and "/." not in path else otherwise


def _is_sound(request: HttpRequest, address: str) -> bool:
    # Only what begins with a path: a whole address, even our own, is nothing that we wrote.
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
