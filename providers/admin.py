"""Providers in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from providers.models import Provider


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Providers come from documents; how they are presented is an editor's."""

    fields = ["domain", "name", "description", "logos", "notes"]
    readonly_fields = ["domain"]
    list_display = ["name", "domain"]
    search_fields = ["name", "domain"]
    list_per_page = 100
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a provider begins with the document that names it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the next import would bring it back."""
        return False
