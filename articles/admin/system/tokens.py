"""API keys for the newsdesk.

Everybody who may view articles can create, see and revoke their own keys. Superusers can also see
and revoke other users' keys.
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

from articles.admin.decisions import confirmation
from articles.admin.decisions.confirmation import user_of
from articles.admin.lists import ReadOnlyAdmin
from articles.admin.pages import VIEW
from articles.models import ApiToken

DAYS: Final = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
"""How long a key can be valid."""


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    days = forms.ChoiceField(
        label="Valid for",
        choices=list(DAYS.items()),
        initial="90",
        help_text="After that create another key.",
    )

    class Meta:
        model = ApiToken
        fields = ["name"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    form = TokenForm
    fields = ["user", "name", "created_at", "expires_at", "last_used_at"]
    list_display = ["name", "user", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        tokens: QuerySet[ApiToken] = super().get_queryset(request)
        user = user_of(request)
        return tokens if user.is_superuser else tokens.filter(user=user)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ApiToken:
        """Return a key that the user may see; all others give a 404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        token: ApiToken | None = super().get_object(request, object_id, from_field)
        if token is None:
            raise Http404
        return token

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ["name", "days"] if obj is None else self.fields

    def has_module_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).has_perm(VIEW)

    has_view_permission = has_add_permission = has_delete_permission = has_module_permission

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer only one save button, because the next page shows the key."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm[ApiToken], change: bool
    ) -> None:
        obj.user = user_of(request)
        obj.make_secret()
        obj.expires_at = timezone.now() + timedelta(days=int(form.cleaned_data["days"]))
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new key, for the only time."""
        context = {
            "title": "Your new key",
            "trail": [(reverse("admin:articles_apitoken_changelist"), "API keys")],
            "token": obj,
            "address": request.build_absolute_uri(reverse("articles:api:newsdesk-news")),
        }
        answer = confirmation.answer(request, "token", context)
        answer["Cache-Control"] = "no-store, private"
        return answer
