"""A form field for roles, with what each one may do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from articles.roles import IN_WORDS


class RolesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Group.objects.order_by("pk"),
            **{"label": "Roles", "widget": forms.CheckboxSelectMultiple} | kwargs,
        )

    def label_from_instance(self, obj: Any) -> str:
        words = {role.value: words for role, words in IN_WORDS.items()}.get(obj.name)
        return f"{obj.name}: {words}" if words else obj.name
