"""Providers: the publishers of articles."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from newsroom.plain_text import is_visible, without_controls
from newsroom.stored_words import WithWords, WordsField, WordsQuerySet
from newsroom.web_url import ascii_domain

SHARP: Final = 144
"""Pixels. This is twice the size of the largest logo on a page."""


class ProviderQuerySet(WordsQuerySet["Provider"]):
    def called(self, *domains: str) -> Self:
        """Keep the providers that have, or had, one of these domains."""
        former = FormerDomain.objects.filter(domain__in=domains).values("provider")
        return self.filter(Q(domain__in=domains) | Q(pk__in=former))


class Provider(WithWords):
    """A publisher of news, known by its domain."""

    domain = models.CharField(
        max_length=253,
        unique=True,
        help_text="The domain of its site in lower case, for example nypost.com.",
    )
    name = models.CharField(max_length=1000, help_text="Readers see this name.")
    name_words = WordsField(
        of="name", null=True, editable=False, help_text="The words of its name, for search."
    )
    description = models.TextField(blank=True, help_text="A sentence or two for readers.")
    logos = models.JSONField(
        default=list,
        blank=True,
        help_text="A list of images, each with url, width and height in pixels.",
    )
    notes = models.TextField(blank=True, help_text="Only editors see these notes.")
    reuses_titles = models.BooleanField(
        "reuses headlines",
        null=True,
        help_text="Its reports often have the same headline as another one, for example a daily "
        "column. The same headline then suggests no duplicate.",
    )
    source = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="The values of the last import, to recognize what editors changed.",
    )

    objects = ProviderQuerySet.as_manager()

    class Meta:
        ordering = ["name", "domain"]
        constraints = [
            models.CheckConstraint(
                name="provider_domain_is_lower_case",
                condition=models.Q(domain=Lower("domain")) & ~models.Q(domain=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Save it, and keep a former domain."""
        with transaction.atomic():
            if not self._state.adding:
                FormerDomain.keep(self)
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Write the domain as imports do. Reject a URL, and names and logos that cannot be shown."""
        if self.name and not is_visible(self.name):
            raise ValidationError({"name": "Enter a name that readers can see."})
        for name in ("name", "description", "notes"):
            setattr(self, name, without_controls(getattr(self, name)))
        domain = ascii_domain(self.domain.strip())
        if domain is None:
            raise ValidationError({"domain": "Enter a domain, for example nypost.com."})
        self.domain = domain.lower().removeprefix("www.")
        if not isinstance(self.logos, list) or not all(map(_is_logo, self.logos)):
            message = (
                'Enter a list of images, for example [{"url": "https://…", "width": 50, '
                '"height": 50}], or [] for none.'
            )
            raise ValidationError({"logos": message})

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Reject another provider's former domain as well."""
        super().validate_unique(exclude)
        former = FormerDomain.objects.filter(domain=self.domain).exclude(provider=self.pk)
        if kept := former.select_related("provider").first():
            message = f"This domain leads to {kept.provider}, which had it before."
            raise ValidationError({"domain": message})

    @property
    def logo(self) -> dict[str, Any] | None:
        """The logo to show: the smallest sharp one, or else the largest; None if there is none.

        A logo with a path instead of a URL cannot be shown.
        """
        shown = [logo for logo in self.logos if logo["url"].startswith(("http://", "https://"))]
        return min(shown, key=_by_fitness, default=None)


class FormerDomain(models.Model):
    """A former domain of a provider: URLs redirect permanently, and documents may still use it."""

    domain = models.CharField(max_length=253, primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="former_domains")

    def __str__(self) -> str:
        return self.domain

    @staticmethod
    def keep(provider: Provider) -> None:
        """Store the former domain of a provider that is about to be saved with another one."""
        stored = Provider.objects.filter(pk=provider.pk).exclude(domain=provider.domain)
        for domain in stored.values_list("domain", flat=True):
            FormerDomain.objects.filter(domain=provider.domain, provider=provider).delete()
            FormerDomain.objects.create(domain=domain, provider=provider)


def _by_fitness(logo: dict[str, Any]) -> tuple[bool, int]:
    width = logo.get("width") or 0
    return (False, width) if width >= SHARP else (True, -width)


def _is_logo(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(url := value.get("url"), str):
        return False
    sizes = [value.get("width"), value.get("height")]
    return url.startswith(("http://", "https://", "/")) and all(
        size is None or (type(size) is int and size > 0) for size in sizes
    )
