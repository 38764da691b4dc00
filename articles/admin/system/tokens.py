"""Tokens for the newsdesk's API: made, and revoked, by whoever they are of.

Whose a token is decides what may be done here, not a permission: one's own may be made, seen and
revoked by all who may look at articles. A superuser sees and revokes those of others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from articles.admin.articles.receipts import VIEW
from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import user_of
from articles.models import ApiToken

DAYS: Final = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
"""How long a token may be good for."""


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new token is for, and how long."""

    days = forms.ChoiceField(
        label="Good for",
        choices=list(DAYS.items()),
        initial="90",
        help_text="Then it is refused, and you make another.",
    )

    class Meta:
        model = ApiToken
        fields = ["name"]


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One's own tokens; of all for a superuser."""

    actions = None
    form = TokenForm
    fields = ["user", "name", "created_at", "expires_at", "last_used_at"]
    list_display = ["name", "user", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    list_per_page = 50
    sortable_by = ()

    class Media:
        css = {"all": ["articles/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the tokens that the user may see."""
        tokens: QuerySet[ApiToken] = super().get_queryset(request).select_related("user")
        user = user_of(request)
        return tokens if user.is_superuser else tokens.filter(user=user)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ApiToken:
        """Return a token; there is none but those that the user may see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        token: ApiToken | None = super().get_object(request, object_id, from_field)
        if token is None:
            raise Http404
        return token

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow nothing: the list is short, and a digest is nobody's to ask for."""
        return False

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        """Ask for a name and a time, or show all there is to know."""
        return ["name", "days"] if obj is None else self.fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may look at articles."""
        return user_of(request).has_perm(VIEW)

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Whoever may look at articles; ``get_queryset`` has the rest."""
        return user_of(request).has_perm(VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may look at articles: the token may no more than he."""
        return user_of(request).has_perm(VIEW)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Nobody: what a token is for does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Whoever may see it."""
        return user_of(request).has_perm(VIEW)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Head the list by what it lists."""
        return super().changelist_view(request, {"title": "API tokens"} | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer one way to save: whatever is next, the token is shown first."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm[ApiToken], change: bool
    ) -> None:
        """Make a token of the user's own; only its digest is stored."""
        obj.user = user_of(request)
        obj.make_secret()
        obj.expires_at = timezone.now() + timedelta(days=int(form.cleaned_data["days"]))
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token, once."""
        context = {
            "title": "Your new token",
            "token": obj,
            "opts": self.opts,
            "back": reverse("admin:articles_apitoken_changelist"),
            "address": request.build_absolute_uri(reverse("articles:api:newsdesk-news")),
        }
        answer = confirmation.answer(request, "token", context)
        answer["Cache-Control"] = "no-store, private"
        return answer
