"""What every template may name."""

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static


def site(request: HttpRequest) -> dict[str, str]:
    """Give what the site is called and how it looks."""
    logo = settings.SITE_LOGO
    return {
        "site_name": settings.SITE_NAME,
        "site_tagline": settings.SITE_TAGLINE,
        "site_logo": logo if not logo or logo.startswith("/") else static(logo),
    }
