"""Users: their roles come first. Individual permissions are only in groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from articles.admin.users.invitations import is_invited
from articles.admin.users.roles_field import RolesField

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(DjangosUserAdmin):  # type: ignore[type-arg]
    fieldsets = (
        (None, {"fields": ("username",)}),
        ("What this user may do", {"fields": ("groups", "is_superuser", "is_active")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Sign-in", {"fields": ("password", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "groups", "usable_password", "password1", "password2")},
        ),
    )
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "roles", "email", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    show_facets = admin.ShowFacets.NEVER
    actions = None

    class Media:
        css = {"all": ["articles/admin.css"]}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Use "Users" as the title instead of "Select user to change"."""
        return super().changelist_view(request, {"title": "Users"} | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.prefetch_related("groups")

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join(["everything"] if user.is_superuser else names) or "none"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            return RolesField(required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        labels = {"is_superuser": "Superuser", "is_active": "May sign in"}
        helps = {
            "is_superuser": "May do everything, also invite users and change their roles.",
            "is_active": "Clear this instead of deleting the user: the history keeps the name. "
            "The user is signed out, and API keys are deleted.",
        }
        return super().get_form(
            request, obj, change=change, labels=labels, help_texts=helps, **kwargs
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if user := context.get("original"):
            context["is_invited"] = is_invited(user)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool
    ) -> None:
        """Let users with a role into the admin, and delete the keys of users who left."""
        if obj.is_superuser or form.cleaned_data.get("groups"):
            obj.is_staff = True
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            obj.api_tokens.all().delete()
