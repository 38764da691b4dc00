"""All versions of the scoring policy."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from articles.documents import MAX_QUALITY
from articles.scoring import DEFAULT_POLICY, Policy

_IN_RANGE = [MinValueValidator(0), MaxValueValidator(MAX_QUALITY)]


class PolicyVersion(models.Model):
    """A version of the policy, the rule's three numbers. The latest is in force.

    ``applied_to`` is the id of the last article that was scored with it, or None before the first.
    ``finished_at`` is when all articles had been scored.
    """

    threshold = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.threshold,
        validators=_IN_RANGE,
        help_text="Articles with at least this heat are published.",
    )
    bonus = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.bonus,
        validators=_IN_RANGE,
        help_text="Heat points that each linked report adds.",
    )
    minimum = models.PositiveSmallIntegerField(
        default=DEFAULT_POLICY.minimum,
        validators=_IN_RANGE,
        help_text="Linked reports add heat from this quality on.",
    )
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.TextField("note", blank=True)
    applied_to = models.BigIntegerField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "publishing rule"
        verbose_name_plural = "publishing rule"

    def __str__(self) -> str:
        return f"publish from {self.threshold}, +{self.bonus} a related from quality {self.minimum}"

    @property
    def policy(self) -> Policy:
        return Policy(self.threshold, self.bonus, self.minimum)
