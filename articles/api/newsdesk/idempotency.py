"""Requests that come again: with one idempotency key an act is done once, and answered alike.

As draft-ietf-httpapi-idempotency-key-header has it. The key is claimed in the transaction that does
the act, so both are there or neither is: what was refused may be asked again under its key.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from articles.api.problems import KeyReusedError
from articles.models import KeptAnswer

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
"""How long a key is known."""
# A structured field's string, without what would need escapes; or the same without its quotes.
_KEY: Final = re.compile(
    r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})'
)


class _ClaimedError(Exception):
    """Somebody else did what the key stands for."""


def once(request: Request, user: User, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do ``act`` in a transaction, and once for a key; gives its answer, or that of the first time.

    Raises what ``act`` raises, ``ValidationError`` for a key that is none, and ``KeyReusedError``.
    """
    key = _key(request)
    if key is None:
        with transaction.atomic():
            return act()
    at = timezone.now()
    # By itself: two that sweep at once would otherwise wait for one another's acts.
    KeptAnswer.objects.filter(created_at__lte=at - KEPT).delete()
    asked = _digest(request)
    try:
        with transaction.atomic():
            kept = _claim(user, key, asked, at)
            kept.answer = act()
            kept.save(update_fields=["answer"])
    except _ClaimedError:
        kept = KeptAnswer.objects.get(user=user, key=key)
        if kept.request != asked:
            raise KeyReusedError(
                f"This {HEADER} stands for another request, which was done. Choose a new one."
            ) from None
    answer: dict[str, Any] = kept.answer
    return answer


def _claim(user: User, key: str, asked: str, at: datetime) -> KeptAnswer:
    """Take a key; waits for whoever is about to take the same."""
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(user=user, key=key, request=asked, created_at=at)
    except IntegrityError as error:
        raise _ClaimedError from error


def _key(request: Request) -> str | None:
    text = request.headers.get(HEADER)
    if text is None:
        return None
    found = _KEY.fullmatch(text.strip())
    if found is None:
        message = 'Expected 1 to 255 characters of ASCII in quotes, such as "8e03978e-40d5-43dd".'
        raise ValidationError({HEADER: [message]})
    return found[1] or found[2]


def _digest(request: Request) -> str:
    """Tell requests apart: by address and body, not by the version that they were sent for."""
    asked = json.dumps([request.get_full_path(), request.data], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
