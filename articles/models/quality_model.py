"""What was learned about how a newsroom scores."""

from __future__ import annotations

from typing import Final

from django.db import models

from providers.models import Provider


class QualityModel(models.Model):
    """The latest model for suggesting quality: a single row.

    ``articles/suggestions/quality.py`` writes and reads it.
    """

    ONLY: Final = 1
    """The key of the row."""

    weights = models.JSONField(default=dict, help_text="Points for each fact, by its name.")
    facts = models.JSONField(default=dict, help_text="The size of each fact at a usual provider.")
    usual = models.FloatField(default=0, help_text="The quality that is usual at a provider.")
    topics = models.JSONField(default=dict, help_text="The names of the topics among the facts.")
    learned = models.PositiveIntegerField(help_text="From how many scores it was learned.")
    tested = models.PositiveIntegerField(help_text="On how many later scores it was tested.")
    error = models.FloatField(null=True, help_text="Mean absolute error on the later scores.")
    baseline_error = models.FloatField(
        null=True, help_text="The error of suggesting the provider's mean instead."
    )
    is_on = models.BooleanField(help_text="Whether it was better, so that editors see it.")
    fitted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"learned from {self.learned:,} scores"


class ProviderRecord(models.Model):
    """The scores of a provider, and the facts that are usual there."""

    provider = models.OneToOneField(
        Provider, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    scores = models.PositiveIntegerField(help_text="How many.")
    value = models.FloatField(
        help_text="Their mean, drawn toward the usual quality if they are few."
    )
    facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.scores:,} scores"
