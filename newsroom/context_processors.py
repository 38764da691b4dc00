"""Context for all templates."""

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static


def site(request: HttpRequest) -> dict[str, str]:
    """Return the site's name, tagline, logo and style sheet."""
    return {
        "site_name": settings.SITE_NAME,
        "site_tagline": settings.SITE_TAGLINE,
        "site_logo": _address(settings.SITE_LOGO),
        "site_css": _address(settings.SITE_CSS),
    }


def _address(file: str) -> str:
    return file if not file or file.startswith("/") else static(file)
