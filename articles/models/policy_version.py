"""The scoring policy, every version of it."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from articles.documents import MAX_QUALITY
from articles.scoring import DEFAULT_POLICY, Policy

_IN_RANGE = [MinValueValidator(0), MaxValueValidator(MAX_QUALITY)]


class PolicyVersion(models.Model):
    """The three numbers of the rule as somebody set them. The latest version is in force.

    ``applied_to`` is how far the archive was scored by it: the id of the last article, None before
    the first. ``finished_at`` is when it had reached all.
    """

    threshold = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.threshold,
        validators=_IN_RANGE,
        help_text="An article whose heat reaches this is published.",
    )
    bonus = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.bonus,
        validators=_IN_RANGE,
        help_text="Heat that each related article adds.",
    )
    minimum = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.minimum,
        validators=_IN_RANGE,
        help_text="The quality from which related articles add heat.",
    )
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.TextField(blank=True)
    applied_to = models.BigIntegerField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "policy"
        verbose_name_plural = "policy"

    def __str__(self) -> str:
        return f"publish from {self.threshold}, +{self.bonus} a related from quality {self.minimum}"

    @property
    def policy(self) -> Policy:
        """The numbers, for the rule."""
        return Policy(self.threshold, self.bonus, self.minimum)
