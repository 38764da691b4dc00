from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from providers.models import Provider


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Imports create providers; editors change how they are shown."""

    fields = ["domain", "name", "description", "logos", "notes", "reuses_titles"]
    list_display = ["name", "domain"]
    search_fields = ["name", "domain"]
    list_per_page = 100
    actions = None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        domain = "In lower case, for example nypost.com. URLs with a former domain redirect."
        return super().get_form(request, obj, change, **kwargs | {"help_texts": {"domain": domain}})

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Return a checkbox for a column that may be null because it was added later."""
        if db_field.name != "reuses_titles":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.BooleanField(
            required=False, label=db_field.verbose_name.capitalize(), help_text=db_field.help_text
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: imports create providers."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the next import would create it again."""
        return False
