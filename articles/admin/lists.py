"""Pages and filters for lists whose cost does not grow with the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
"""The most rows that a list pages through; filters and search find the rest."""


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator that counts at most ``MOST_COUNTED`` rows."""

    @cached_property
    def count(self) -> int:
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return count_capped(rows)


class KeyPaginator(CappedPaginator):
    """A paginator of primary keys.

    One query reads all keys that the list pages through, using only an index. It also counts them,
    and the last page costs as much as the first.
    """

    most = MOST_SHOWN
    """The most rows to page through; fewer if no index covers the filters and each row must be
    read."""

    @cached_property
    def keys(self) -> list[Any]:
        """The keys in order: at most ``most`` plus one."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return list(rows.values_list("pk", flat=True)[: self.most + 1])

    @cached_property
    def count(self) -> int:
        return len(self.keys)

    @cached_property
    def num_pages(self) -> int:
        return max(1, ceil(min(self.count, self.most) / self.per_page))

    def page(self, number: int | str) -> Page:  # type: ignore[type-arg]
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = min(first + self.per_page, self.most)
        return Page(self.keys[first:last], number, self)


class KeyChangeList(ChangeList):
    """A list that first finds the keys of a page and then loads their rows.

    It sorts by one column, because no index covers two. Use it in an admin with a ``KeyPaginator``.
    """

    shown_of_more = ""
    """The number of rows that the pages list, if there are more."""

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        """Return the first requested column, then the key in the same direction."""
        first, *_ = super().get_ordering(request, queryset)
        goes_down = first.descending if isinstance(first, OrderBy) else str(first).startswith("-")
        self.row_order = [first, "-pk" if goes_down else "pk"]
        return self.key_order(self.row_order)

    def key_order(self, row_order: list[Any]) -> list[Any]:
        """Return the same order, written so that an index can find the keys."""
        return row_order

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page = self.paginator.page(self.page_num if self.multi_page else 1)
        if self.paginator.count > self.paginator.most:
            self.shown_of_more = f"{self.paginator.most:,}"
        rows = self.rows().filter(pk__in=page.object_list)
        self.result_list = rows.order_by(*self.row_order)

    def rows(self) -> models.QuerySet[Any]:
        """Return all rows, with what the columns show."""
        return self.model._default_manager.all()


class ChosenFilter(admin.SimpleListFilter):
    """Filter by one related row, chosen through a link on another page.

    It offers that row and "All", because a list of all providers would be long and slow.
    """

    path: str
    """The field to filter by."""
    is_known = False

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        key = self.used_parameters.get(str(self.parameter_name))
        if key is None:
            return []
        # Longer than any key.
        if not key.isdecimal() or len(key) > 18:
            return [(key, "unknown")]
        field = model_admin.model._meta.get_field(self.path)
        row = field.related_model._default_manager.filter(pk=key).first()
        self.is_known = row is not None
        return [(key, str(row or "unknown"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep what belongs to the chosen row, or nothing if the row is unknown."""
        if self.value() is None:
            return queryset
        return queryset.filter(**{self.path: self.value()}) if self.is_known else queryset.none()


class FixedFilter(admin.SimpleListFilter):
    """Filter by one of ``options``, which are pairs of value and label; ignore other values."""

    options: Sequence[tuple[str, str]]
    conditions: Mapping[str, models.Q]
    """The condition for each value, unless it depends on the time."""

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return list(self.options)

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        value = self.value()
        return self.narrow(queryset, value) if value in dict(self.options) else queryset

    def narrow(self, rows: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        return rows.filter(self.conditions[value])


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A read-only admin: rows cannot be added, changed or deleted here."""

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
        """Use the name of the rows as the title instead of "Select … to change"."""
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows with the related data that the list and their pages show."""
        rows: models.QuerySet[Any] = super().get_queryset(request)
        joined = self.list_select_related
        return rows.select_related(*joined) if isinstance(joined, list) else rows

    def _may_nobody(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_change_permission = has_delete_permission = _may_nobody

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only lookups that the list's filters use.

        Django would allow every field: ``?text__startswith=`` would reveal a document's ``secured``
        letter by letter, although no page shows it.
        """
        for entry in self.list_filter:
            field = entry[0] if isinstance(entry, tuple) else entry
            name = field if isinstance(field, str) else getattr(field, "parameter_name", None)
            if lookup == name or (isinstance(field, str) and lookup.startswith(f"{field}__")):
                return True
        return False
