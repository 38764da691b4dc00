"""Symmetric signatures (``v1``) of https://www.standardwebhooks.com/."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime


def signed(event_id: str, body: bytes, secrets: Iterable[str], at: datetime) -> dict[str, str]:
    """Return the headers with the event's id, the time it was sent, and the signatures.

    One signature for each secret: HMAC-SHA256 of ``id.timestamp.body``, in base64.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{event_id}.{timestamp}.".encode() + body
    signatures = [_signature(secret, content) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"
