"""Logos of providers that are kept here."""

from __future__ import annotations

from django.db import models

from articles.models.stored_image import StoredImage
from providers.models import Provider


class Logo(models.Model):
    """The copy that is kept of a provider's logo. Providers know nothing of it."""

    provider = models.OneToOneField(
        Provider, on_delete=models.CASCADE, primary_key=True, related_name="kept_logo"
    )
    url = models.CharField(max_length=2000, help_text="Of the logo that it is a copy of.")
    stored = models.ForeignKey(StoredImage, on_delete=models.PROTECT, related_name="logos")

    def __str__(self) -> str:
        return self.url

    @classmethod
    def of(cls, provider: Provider) -> StoredImage | None:
        """Return the copy of a provider's logo, if it still has that logo.

        No query if ``kept_logo__stored`` was loaded.
        """
        kept: Logo | None = getattr(provider, "kept_logo", None)
        return kept.stored if kept and kept.is_current else None

    @property
    def is_current(self) -> bool:
        """Whether the provider still has that logo."""
        logo = self.provider.logo
        return logo is not None and logo["url"] == self.url
