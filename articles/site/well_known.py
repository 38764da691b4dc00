"""Files that programs look for at fixed addresses."""

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

EXPIRES_AFTER: Final = timedelta(days=180)
"""How long security.txt says that it holds; RFC 9116 wants less than a year."""

# None of these shows what is in the database, so the page cache is left alone.
_for_a_day = cache_control(max_age=24 * 3600)


@require_safe
@_for_a_day
def robots(request: HttpRequest) -> HttpResponse:
    """Let crawlers read all but the admin, and say where the sitemaps are (RFC 9309)."""
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
    """Say whom to tell of a weakness (RFC 9116); not there where ``SITE_CONTACT`` is not set."""
    if not settings.SITE_CONTACT:
        raise Http404
    languages = dict.fromkeys([settings.LANGUAGE_CODE.partition("-")[0], "en"])
    return _text(
        f"Contact: {contact_address(settings.SITE_CONTACT)}",
        f"Expires: {expiry(timezone.now()).isoformat(timespec='seconds').replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(languages)}",
        f"Canonical: {absolute(request, reverse('articles:security'))}",
    )


@require_safe
@_for_a_day
def humans(request: HttpRequest) -> HttpResponse:
    """Say in words what this site is, whose the news are, and what it is made with."""
    about = [
        settings.SITE_NAME,
        settings.SITE_TAGLINE,
        absolute(request, reverse("articles:front")),
        settings.SITE_CONTACT,
    ]
    return _text(
        *filter(None, about),
        "",
        _("The reports belong to the publishers who wrote them; each page leads to the original."),
        _("Made with Newsroom, Django and Python. No tracking, no cookies, no script needed."),
    )


@require_safe
@_for_a_day
def favicon(request: HttpRequest) -> HttpResponse:
    """Send whoever asks without having read a page to the icon that pages name."""
    return redirect(static("articles/icon.svg"))


def contact_address(contact: str) -> str:
    """Return a contact as an address: a bare one is taken for e-mail."""
    is_address = contact.startswith(("https://", "http://", "mailto:", "tel:"))
    return iri_to_uri(contact if is_address else f"mailto:{contact}") or ""


def expiry(at: datetime) -> datetime:
    """Return when a security.txt read at ``at`` expires: the same for all who read it that day."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + EXPIRES_AFTER


def _text(*lines: str) -> HttpResponse:
    return HttpResponse(
        "".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8"
    )
