"""Repeated requests: each idempotency key makes a decision only once and gets the same response.

This follows draft-ietf-httpapi-idempotency-key-header. The key is stored in the same transaction as
the decision, so either both exist or neither does. A refused request may use its key again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from articles.api.problems import ProblemError
from articles.models import KeptAnswer

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
"""How long a key is stored."""
# A structured field string with no characters that need escaping, with or without quotes.
_KEY: Final = re.compile(
    r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})'
)


def once(request: Request, user: User, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Call ``act`` in a transaction, once for each key.

    Return its response; for a repeated key, the first one. Raise what ``act`` raises,
    ``ValidationError`` for an invalid key, and ``ProblemError`` for a reused one.
    """
    key = _key(request)
    if key is None:
        with transaction.atomic():
            return act()
    at = timezone.now()
    # This has its own transaction. Otherwise two sweeps would wait for each other's decisions.
    KeptAnswer.objects.filter(created_at__lte=at - KEPT).delete()
    asked = _digest(request)
    with transaction.atomic():
        # This waits for any other request that is storing the same key.
        kept, is_new = KeptAnswer.objects.get_or_create(
            user=user, key=key, defaults={"request": asked, "created_at": at}
        )
        if is_new:
            kept.answer = act()
            kept.save(update_fields=["answer"])
    if kept.request != asked:
        message = f"This {HEADER} was already used for another request. Choose a new one."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    answer: dict[str, Any] = kept.answer
    return answer


def _key(request: Request) -> str | None:
    text = request.headers.get(HEADER)
    if text is None:
        return None
    found = _KEY.fullmatch(text.strip())
    if found is None:
        message = 'Enter 1 to 255 ASCII characters in quotes, like "8e03978e-40d5-43dd".'
        raise ValidationError({HEADER: [message]})
    return found[1] or found[2]


def _digest(request: Request) -> str:
    """Return a digest of a request's URL and body, without its version."""
    asked = json.dumps([request.get_full_path(), request.data], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
