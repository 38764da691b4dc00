"""The verification code in the documentation accepts our requests and rejects all others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from articles.models.web_hook import new_secret
from articles.webhooks.signatures import signed
from tests.articles.webhooks.documented import SNIPPET, is_genuine

SECRET, OTHER = new_secret(), new_secret()
BODY = '{"type": "published", "title": "Straße"}'.encode()


def headers(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    return signed("an-id", BODY, secrets, at or timezone.now())


def test_success() -> None:
    assert is_genuine(SECRET, headers(SECRET), BODY)


def test_success_with_either_secret_during_a_rotation() -> None:
    assert is_genuine(SECRET, headers(SECRET, OTHER), BODY)
    assert is_genuine(OTHER, headers(SECRET, OTHER), BODY)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "another-id"},
        {"webhook-timestamp": str(int(timezone.now().timestamp()) + 1000)},
        {"webhook-timestamp": "now"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1"},
    ],
)
def test_fail_changed(changed: dict[str, Any]) -> None:
    assert not is_genuine(SECRET, headers(SECRET) | changed, BODY)


def test_fail_another_version() -> None:
    given = headers(SECRET)
    given["webhook-signature"] = given["webhook-signature"].replace("v1", "v2")
    assert not is_genuine(SECRET, given, BODY)


def test_fail_another_body_secret_or_time() -> None:
    assert not is_genuine(SECRET, headers(SECRET), BODY + b" ")
    assert not is_genuine(OTHER, headers(SECRET), BODY)
    old = headers(SECRET, at=timezone.now() - timedelta(minutes=6))
    assert not is_genuine(SECRET, old, BODY)


def test_is_short() -> None:
    assert len(SNIPPET.strip().splitlines()) <= 16
