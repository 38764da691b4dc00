"""What lists of any size need: pages and filters whose cost does not grow with the table."""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import OrderBy
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from newsroom.capped_count import MOST_COUNTED, count_capped

MOST_SHOWN: Final = MOST_COUNTED - 1
"""Rows that a list pages through: filters and search reach the rest."""


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list, counting ``MOST_COUNTED`` rows at most; search and filters reach the rest."""

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return count_capped(rows)


class KeyPaginator(CappedPaginator):
    """Pages of primary keys.

    One query reads as many keys as a list pages through, which an index can answer alone: that
    counts them, and makes the last page as cheap as the first.
    """

    most = MOST_SHOWN
    """Rows to page through: less where no index has the answer, and each row costs a look at it."""

    @cached_property
    def keys(self) -> list[Any]:
        """The keys to page through, in order, and one more if there are more."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return list(rows.values_list("pk", flat=True)[: self.most + 1])

    @cached_property
    def count(self) -> int:
        """How many keys there are to page through, one more than ``most`` if there are more."""
        return len(self.keys)

    @cached_property
    def num_pages(self) -> int:
        """How many pages there are."""
        return max(1, ceil(min(self.count, self.most) / self.per_page))

    def page(self, number: int | str) -> Page:  # type: ignore[type-arg]
        """Return the keys of a page."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = min(first + self.per_page, self.most)
        return Page(self.keys[first:last], number, self)


class KeyChangeList(ChangeList):
    """A list that finds the keys of a page first and then loads the rows of those fifty.

    Sorted by one column at a time: no index serves two. For an admin with a ``KeyPaginator``.
    """

    shown_of_more = ""
    """How many the pages list, where there are more."""

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        """Return the first column of the order asked for, then the key in the same direction."""
        first, *_ = super().get_ordering(request, queryset)
        goes_down = first.descending if isinstance(first, OrderBy) else str(first).startswith("-")
        self.row_order = [first, "-pk" if goes_down else "pk"]
        return self.key_order(self.row_order)

    def key_order(self, row_order: list[Any]) -> list[Any]:
        """Return the order to find the keys by: the same, put so that an index serves it."""
        return row_order

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page."""
        super().get_results(request)
        page = self.paginator.page(self.page_num if self.multi_page else 1)
        if self.paginator.count > self.paginator.most:
            self.shown_of_more = f"{self.paginator.most:,}"
        rows = self.rows().filter(pk__in=page.object_list)
        self.result_list = rows.order_by(*self.row_order)

    def rows(self) -> models.QuerySet[Any]:
        """Return the rows with everything that the columns show."""
        raise NotImplementedError


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

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator

    class Media:
        css = {"all": ["articles/admin.css"]}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Head the list by what it lists; there is more to do here than "select to change"."""
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))

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
