"""The processes that do background work: their signs of life, and the unit that each one does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from django.db import models
from django.db.models import Q

SIGN_EVERY: Final = 10.0
"""Seconds between two signs of life of a process."""
SILENT_AFTER: Final = timedelta(seconds=40)
"""A process that has given no sign of life for this long counts as dead."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
"""How long a dead process is listed."""


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, at: datetime) -> Self:
        """Return the processes that are alive at ``at``, by the clock of the database."""
        return self.filter(seen_at__gte=at - SILENT_AFTER)

    def silent(self, at: datetime) -> Self:
        return self.filter(seen_at__lt=at - SILENT_AFTER)

    def forgotten(self, at: datetime) -> Self:
        return self.filter(seen_at__lt=at - FORGOTTEN_AFTER)


class Worker(models.Model):
    """A process that does background work. All times are by the clock of the database."""

    host = models.CharField(max_length=255)
    pid = models.PositiveBigIntegerField("process")
    queue = models.CharField(max_length=40, help_text="The queues it works on, or “clock”.")
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField(verbose_name="last sign of life")
    doing = models.CharField(
        max_length=300,
        blank=True,
        help_text="The name of its unit, which nobody else does meanwhile. Blank: it waits for work.",
    )
    doing_since = models.DateTimeField(null=True)
    unit = models.JSONField(
        null=True, help_text="Id, task and arguments of its unit, to queue it again if it dies."
    )
    is_wanted_again = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether somebody else was given the same unit meanwhile.",
    )
    clock_offset = models.FloatField(
        default=0, help_text="Seconds by which its machine's clock is ahead of the database's."
    )

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["host", "queue", "pid"]
        constraints = [
            models.UniqueConstraint(
                fields=["doing"], condition=~Q(doing=""), name="worker_does_it_alone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} on {self.host}, process {self.pid}"

    def is_alive(self, at: datetime) -> bool:
        return self.seen_at >= at - SILENT_AFTER
