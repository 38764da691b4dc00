"""Import what was uploaded, as workers do."""

from __future__ import annotations

from articles.importing import uploads
from newsroom.interrupts import stop_on_signal


def import_queued() -> bool:
    """Import all uploads in turn. Return whether a signal ended it."""
    with stop_on_signal() as stopping:
        while not stopping.is_set() and (upload := uploads.next_due()):
            uploads.import_one(upload, stopping)
    return stopping.is_set()
