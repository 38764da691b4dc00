"""What lists of any size need: pages and filters whose cost does not grow with the table."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest

from articles.counting import count_capped


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list, counting ``MOST_COUNTED`` rows at most; search and filters reach the rest."""

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return count_capped(rows)


class ChosenFilter(admin.SimpleListFilter):
    """Filter by one related row that a link elsewhere chose.

    Offers that row and "All", nothing else: a choice of all providers would be a query over them
    and a wall of names.
    """

    path: str
    """The field to filter by."""
    is_known = False

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer what is chosen."""
        key = self.used_parameters.get(str(self.parameter_name))
        if key is None:
            return []
        # Longer than any key there can be.
        if not key.isdecimal() or len(key) > 18:
            return [(key, "unknown")]
        field = model_admin.model._meta.get_field(self.path)
        row = field.related_model._default_manager.filter(pk=key).first()
        self.is_known = row is not None
        return [(key, str(row or "unknown"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep what belongs to the chosen row; a row that does not exist has nothing."""
        if self.value() is None:
            return queryset
        return queryset.filter(**{self.path: self.value()}) if self.is_known else queryset.none()


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look at: nothing to add, change or delete."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator

    class Media:
        css = {"all": ["articles/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: imports write these."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: imports write these."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: what is gone could not be exported."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the filters of the list ask for, and nothing else.

        Django allows every field of the row: ``?text__startswith=`` would tell a document's
        ``secured`` letter by letter, though no page shows it.
        """
        for entry in self.list_filter:
            field = entry[0] if isinstance(entry, tuple) else entry
            name = field if isinstance(field, str) else getattr(field, "parameter_name", None)
            if lookup == name or (isinstance(field, str) and lookup.startswith(f"{field}__")):
                return True
        return False
