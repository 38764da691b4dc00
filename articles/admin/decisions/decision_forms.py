"""Forms for decisions, made from the declarations of verbs, and the messages after a decision."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.text import Truncator

from articles import newsdesk
from articles.documents import MAX_QUALITY
from articles.models import Act, Article
from articles.newsdesk import VERBS, Verb
from articles.newsdesk.verbs import NOTE, Declaration, Field, Kind
from newsroom.iso_dates import FIRST_YEAR, LAST_YEAR, is_storable

PAGES: Final = {one.verb.value: one for one in VERBS.values() if one.has_page}
"""The decisions that have their own page, by verb, in the order of ``VERBS``."""


class MomentInput(forms.DateTimeInput):
    """An input for a date and time, with seconds only if they are not zero."""

    def __init__(self) -> None:
        super().__init__({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M:%S")

    def format_value(self, value: Any) -> str | None:
        text = super().format_value(value)
        is_even = text and text.count(":") == 2 and text.endswith(":00")
        return text[:-3] if text and is_even else text


class MomentField(forms.DateTimeField):
    """A date and time in the site's time zone, which the help text names."""

    widget = MomentInput

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not is_storable(value):
            raise ValidationError(f"Choose a time in the years {FIRST_YEAR} to {LAST_YEAR}.")

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> BoundField:
        bound = super().get_bound_field(form, field_name)
        bound.help_text = f"{self.help_text} Times are in {timezone.get_current_timezone_name()}."
        return bound


def form_field(field: Field, *, required: bool = False) -> forms.Field:
    """Return the form field for a field that a verb declares."""
    words: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": required}
    match field.kind:
        case Kind.QUALITY:
            return forms.IntegerField(min_value=0, max_value=MAX_QUALITY, **words)
        case Kind.MOMENT:
            return MomentField(**words)
    widget = forms.Textarea({"rows": 2, "cols": 60})
    return forms.CharField(max_length=field.max_length, widget=widget, **words)


class NoteForm(forms.Form):
    """The base of decision forms: the note, which follows the fields of the verb."""

    declaration: Declaration | None = None
    reason = form_field(NOTE)

    def clean(self) -> dict[str, Any]:
        """Refuse a combination of values that the verb refuses."""
        cleaned = super().clean() or self.cleaned_data
        verb = self.declaration
        if verb and not self.errors and (words := verb.problem(cleaned)):
            raise ValidationError(words)
        return cleaned

    def asked(self) -> Iterator[BoundField]:
        for field in self.declaration.fields if self.declaration else ():
            yield self[field.name]


@cache
def form_of(declaration: Declaration, *, is_bulk: bool = False) -> type[NoteForm]:
    """Return the form of a verb.

    Only the page of a single article accepts an empty required field. On that page,
    ``seen_version`` is the version of the article that the editor decided on.
    """
    fields: dict[str, Any] = {
        field.name: form_field(field, required=is_bulk and field.required)
        for field in declaration.fields
    }
    if not is_bulk:
        fields["seen_version"] = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    order = [*fields, "reason"]
    return type(
        "DecisionForm", (NoteForm,), fields | {"declaration": declaration, "field_order": order}
    )


def offered(user: User | AnonymousUser, article: Article) -> list[Declaration]:
    """Return the decisions that make sense for an article and that a user may make.

    Serious ones come last.
    """
    found = [one for one in PAGES.values() if newsdesk.is_offered(user, one.verb, article)]
    return sorted(found, key=lambda one: one.is_grave)


def what_was_done(act: Act, article: Article) -> str:
    """Return the message about a decision on an article and perhaps others. One query."""
    others = act.changes.exclude(article=article).count()
    words = f"{Verb(act.verb).label.capitalize()}: “{Truncator(article.headline).chars(80)}”"
    if others:
        words += f"; {others} other {'article' if others == 1 else 'articles'} changed"
    return words
