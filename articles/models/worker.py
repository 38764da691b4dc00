"""The processes that do background work, and their signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from django.db import models

SIGN_EVERY: Final = 10.0
"""Seconds between two signs of life of a process."""
SILENT_AFTER: Final = timedelta(seconds=60)
"""A process that has given no sign of life for this long counts as dead."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
"""How long a dead process is listed."""


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, at: datetime) -> Self:
        """Return the processes that are alive at ``at``, by the clock of the database."""
        return self.filter(seen_at__gte=at - SILENT_AFTER)

    def forgotten(self, at: datetime) -> Self:
        return self.filter(seen_at__lt=at - FORGOTTEN_AFTER)


class Worker(models.Model):
    """A process of ``manage.py work``. All times are by the clock of the database."""

    host = models.CharField(max_length=255)
    pid = models.PositiveBigIntegerField("process")
    queue = models.CharField(max_length=40, help_text="The queue it works on, or “clock”.")
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField(verbose_name="last sign of life")
    doing = models.CharField(max_length=100, blank=True, help_text="Blank: it waits for work.")
    doing_since = models.DateTimeField(null=True)
    clock_offset = models.FloatField(
        default=0, help_text="Seconds by which its machine's clock is ahead of the database's."
    )

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["host", "queue", "pid"]

    def __str__(self) -> str:
        return f"{self.queue} on {self.host}, process {self.pid}"

    def is_alive(self, at: datetime) -> bool:
        return self.seen_at >= at - SILENT_AFTER
