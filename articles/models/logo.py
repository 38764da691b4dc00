"""Stored logos of providers."""

from __future__ import annotations

from django.db import models

from articles.models.stored_image import StoredImage
from providers.models import Provider


class Logo(models.Model):
    provider = models.OneToOneField(
        Provider, on_delete=models.CASCADE, primary_key=True, related_name="kept_logo"
    )
    url = models.CharField(max_length=2000, help_text="Where the logo was fetched from.")
    stored = models.ForeignKey(StoredImage, on_delete=models.PROTECT, related_name="logos")

    def __str__(self) -> str:
        return self.url

    @classmethod
    def of(cls, provider: Provider) -> StoredImage | None:
        """Return the stored copy of a provider's logo; None if its logo has changed since.

        No query if ``kept_logo__stored`` was loaded.
        """
        kept: Logo | None = getattr(provider, "kept_logo", None)
        return kept.stored if kept and kept.is_current else None

    @property
    def is_current(self) -> bool:
        """Whether it is the provider's current logo."""
        logo = self.provider.logo
        return logo is not None and logo["url"] == self.url
