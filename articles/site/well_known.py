"""Files that programs expect at fixed paths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from newsroom.absolute_urls import absolute
from newsroom.iso_dates import iso

EXPIRES_AFTER: Final = timedelta(days=180)
"""How long a security.txt is valid; RFC 9116 recommends less than a year."""

# None of these depends on the database, so they need no page cache.
_for_a_day = cache_control(max_age=24 * 3600)


@require_safe
@_for_a_day
def robots(request: HttpRequest) -> HttpResponse:
    """Allow crawlers to read everything except the admin, and list the sitemaps (RFC 9309)."""
    return _text(
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        "",
        f"Sitemap: {absolute(request, reverse('articles:sitemap'))}",
        f"Sitemap: {absolute(request, reverse('articles:news-sitemap'))}",
    )


@require_safe
@_for_a_day
def security(request: HttpRequest) -> HttpResponse:
    """Say where to report a vulnerability (RFC 9116). Answer 404 without ``SITE_CONTACT``."""
    if not settings.SITE_CONTACT:
        raise Http404
    languages = dict.fromkeys([settings.LANGUAGE_CODE.partition("-")[0], "en"])
    return _text(
        f"Contact: {contact_address(settings.SITE_CONTACT)}",
        f"Expires: {iso(expiry(timezone.now()))}",
        f"Preferred-Languages: {', '.join(languages)}",
        f"Canonical: {absolute(request, reverse('articles:security'))}",
    )


@require_safe
@_for_a_day
def humans(request: HttpRequest) -> HttpResponse:
    """Say what this site is, who owns the reports, and what the site is made with."""
    about = [
        settings.SITE_NAME,
        settings.SITE_TAGLINE,
        absolute(request, reverse("articles:front")),
        settings.SITE_CONTACT,
    ]
    return _text(
        *filter(None, about),
        "",
        _("The reports belong to the publishers who wrote them. Each page links to the original."),
        _("Made with Newsroom, Django and Python. No tracking, no cookies, no JavaScript needed."),
    )


@require_safe
@_for_a_day
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon, for programs that request it without reading a page."""
    return redirect(static("articles/icon.svg"))


def contact_address(contact: str) -> str:
    """Return a contact as a URI; anything without a scheme is an e-mail address."""
    is_address = contact.startswith(("https://", "http://", "mailto:", "tel:"))
    return iri_to_uri(contact if is_address else f"mailto:{contact}") or ""


def expiry(at: datetime) -> datetime:
    """Return when a security.txt served at ``at`` expires: the same moment all day."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + EXPIRES_AFTER


def _text(*lines: str) -> HttpResponse:
    return HttpResponse(
        "".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8"
    )
