"""Mails with a link that sets a password. Each link works once, for ``PASSWORD_RESET_TIMEOUT``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import connections
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from newsroom.absolute_urls import absolute

FAILURES: Final = (OSError, SMTPException)
"""What sending raises if the mail server refuses, or does not answer."""
_later: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mails")

logger = logging.getLogger(__name__)


def invite(user: User, request: HttpRequest) -> None:
    """Send a new user the link to choose a password. Raise one of ``FAILURES``."""
    roles = ", ".join(user.groups.order_by("pk").values_list("name", flat=True))
    _send("invitation", user, absolute(request, ""), roles=roles, by=request.user)


def send_links_later(email: str, request: HttpRequest) -> None:
    """Send everybody with this address a link, if there is anybody, in the background.

    The request takes the same time in any case, so nobody can find out which addresses are known.
    """
    origin = absolute(request, "")
    run_later(lambda: _send_links(email, origin))


def run_later(work: Callable[[], None]) -> None:
    _later.submit(_run, work)


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        logger.exception("a mail was not sent")
    finally:
        connections.close_all()


def _send_links(email: str, origin: str) -> None:
    for user in PasswordResetForm().get_users(email):
        _send("new_password", user, origin)


def _send(template: str, user: User, origin: str, **values: object) -> None:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
    context = values | {
        "site": settings.SITE_NAME,
        "user": user,
        "link": f"{origin}{path}",
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 3600),
    }
    subject, _, body = render_to_string(f"admin/mail/{template}.txt", context).partition("\n\n")
    # A name with a line end could otherwise add headers.
    send_mail(" ".join(subject.split()), body, None, [user.email])
