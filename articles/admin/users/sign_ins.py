"""The log of sign-ins, for Operators and superusers."""

from __future__ import annotations

from typing import Final

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles.admin.lists import ReadOnlyAdmin
from articles.models import SignIn

_BADGES: Final = {
    SignIn.Result.SIGNED_IN: "kept",
    SignIn.Result.FAILED: "waiting",
    SignIn.Result.LOCKED: "failed",
    SignIn.Result.NO_ROLE: "waiting",
}
"""How each result looks; see desk.css."""


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    fields = ["at", "name", "address", "result"]
    list_display = ["at", "shown_result", "shown_name", "shown_address"]
    list_filter = ["result"]
    search_fields = ["=name", "=address"]
    search_help_text = "A whole name or address."
    sortable_by = ()

    @admin.display(description="name")
    def shown_name(self, entry: SignIn) -> str:
        """Return the shortened name, with control characters and the like escaped."""
        name = entry.name if entry.name.isprintable() else repr(entry.name)
        return Truncator(name).chars(40)

    @admin.display(description="address")
    def shown_address(self, entry: SignIn) -> str:
        address = entry.address or "unknown"
        return f"{address}/64" if ":" in address else address

    @admin.display(description="result")
    def shown_result(self, entry: SignIn) -> SafeString:
        badge = _BADGES.get(SignIn.Result(entry.result), "")
        return format_html(
            '<span class="state state-{}">{}</span>', badge, entry.get_result_display()
        )
