"""Send everything that is due, as workers do."""

from __future__ import annotations

from threading import Event

from django.utils import timezone

from articles.webhooks import delivery, events


def drain(stopping: Event | None = None) -> None:
    stopping = stopping or Event()
    while events.note():
        pass
    while not stopping.is_set() and (due := delivery.due_hooks(timezone.now())):
        for hook in due:
            delivery.deliver(hook, stopping)
