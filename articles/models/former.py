"""Slugs and address keys that articles had before. They lead to their article permanently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models

from articles.documents import MAX_KEY


class FormerSlugQuerySet(models.QuerySet["FormerSlug"]):
    def remember(self, slugs: Mapping[str, tuple[int | None, str]]) -> None:
        """Point slugs to the article with an id and address key, or reserve them for its return."""
        self.bulk_create(
            [
                FormerSlug(slug=slug, article_id=pk, address_key=key)
                for slug, (pk, key) in slugs.items()
            ],
            update_conflicts=True,
            unique_fields=["slug"],
            update_fields=["article", "address_key"],
        )

    def followed(self, slugs: Iterable[str]) -> list[str]:
        """Replace each former slug with the current one. One query."""
        slugs = list(dict.fromkeys(slugs))
        found = self.filter(slug__in=slugs, article__isnull=False)
        present = dict(found.values_list("slug", "article__slug"))
        return list(dict.fromkeys(present.get(slug, slug) for slug in slugs))


class FormerSlug(models.Model):
    """A slug that an article gave up, or that a removed article had. It redirects to its article.

    It never passes to another article: only one with the same address key may take it again.
    """

    slug = models.CharField(max_length=255, primary_key=True)
    article = models.ForeignKey(
        "articles.Article",
        null=True,
        on_delete=models.SET_NULL,
        related_name="former_slugs",
        help_text="Empty if the article was removed.",
    )
    address_key = models.CharField(
        max_length=MAX_KEY, db_index=True, help_text="The address key that the article had last."
    )

    objects = FormerSlugQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug


class FormerAddress(models.Model):
    """An address key that an article had before. Another article may have it now."""

    address_key = models.CharField(max_length=MAX_KEY)
    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="former_addresses"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address_key", "article"], name="former_address_once")
        ]

    def __str__(self) -> str:
        return self.address_key
