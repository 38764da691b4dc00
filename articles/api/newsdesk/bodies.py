"""Request bodies, made from the declarations of the verbs. Unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from articles.documents import MAX_QUALITY
from articles.models import Article
from articles.newsdesk import MOST_GATHERED, VERBS, Verb
from articles.newsdesk.verbs import NOTE, Declaration, Field, Kind
from newsroom.iso_dates import FIRST_YEAR, LAST_YEAR, is_storable
from newsroom.paging import read_moment

TEXTS: Final = {field.key: field.name for field in VERBS[Verb.EDIT].fields}
"""The columns of the editable texts, by their names in the API."""
_NAMES: Final = {(): "Reason", ("until",): "Until", ("slugs",): "Relate"}
"""Schema names of bodies that several verbs share, by their keys. Other bodies are named after
their verb."""


class Words(serializers.CharField):
    """An untrimmed text with the line endings of documents.

    Other types are not converted to text.
    """

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data).replace("\r\n", "\n")


class Number(serializers.IntegerField):
    """A whole number. Strings and booleans are not converted to numbers."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, (bool, str)):
            self.fail("invalid")
        return super().to_internal_value(data)


class When(serializers.DateTimeField):
    """A time with an offset, or null."""

    def to_internal_value(self, value: Any) -> Any:
        try:
            moment = read_moment(value)
        except (TypeError, ValueError, OverflowError) as error:
            message = "Enter a time with an offset, like 2026-03-01T12:00:00Z, or null."
            raise ValidationError(message) from error
        if not is_storable(moment):
            raise ValidationError(f"Choose a time in the years {FIRST_YEAR} to {LAST_YEAR}.")
        return moment


class Slugs(serializers.ListField):
    """Slugs of articles, each once."""

    child = Words(max_length=255, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


def with_articles(kind: type[ReasonBodySerializer], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with articles in place of slugs.

    Raise ``ValidationError`` for unknown slugs. This is separate from ``values_of``, so that only
    users who may make the decision learn which slugs exist. One query.
    """
    made = dict(values)
    for key, field in kind().fields.items():
        if isinstance(field, Slugs) and field.source in made:
            slugs = made[field.source]
            found = {one.slug: one for one in Article.objects.filter(slug__any_of=slugs)}
            if missing := [slug for slug in slugs if slug not in found]:
                raise ValidationError({key: [f"There is no article {slug!r}." for slug in missing]})
            made[field.source] = [found[slug] for slug in slugs]
    return made


def _body_field(field: Field) -> serializers.Field[Any, Any, Any, Any]:
    options: dict[str, Any] = {
        "required": field.essential,
        "source": None if field.key == field.name else field.name,
        "help_text": field.help or None,
    }
    match field.kind:
        case Kind.QUALITY:
            return Number(min_value=0, max_value=MAX_QUALITY, allow_null=True, **options)
        case Kind.MOMENT:
            return When(allow_null=True, **options)
        case Kind.ARTICLES:
            return Slugs(min_length=1, max_length=MOST_GATHERED, **options)
        case Kind.TEXT:
            options |= {"max_length": field.max_length, "allow_blank": field.blank}
            return Words(trim_whitespace=False, **options)


class ReasonBodySerializer(serializers.Serializer[Any]):
    """A note."""

    reason = _body_field(NOTE)

    def to_internal_value(self, data: Any) -> Any:
        known = ", ".join(self.fields)
        message = f"Unknown member. Known members: {known}."
        if unknown := {str(name)[:100]: [message] for name in data if name not in self.fields}:
            raise ValidationError(unknown)
        return super().to_internal_value(data)


def body_of(declaration: Declaration) -> type[ReasonBodySerializer]:
    """Return the serializer of a verb's body. Verbs with the same fields share one."""
    keys = tuple(field.key for field in declaration.fields)
    return _body(_NAMES.get(keys, declaration.verb.capitalize()), declaration.fields)


@cache
def _body(name: str, fields: tuple[Field, ...]) -> type[ReasonBodySerializer]:
    if not fields:
        return ReasonBodySerializer
    made: dict[str, Any] = {field.key: _body_field(field) for field in fields}
    described = {"__doc__": f"{', '.join(field.label for field in fields)}, and a note."}
    return type(f"{name}BodySerializer", (ReasonBodySerializer,), made | described)


def values_of(request: Request, kind: type[ReasonBodySerializer]) -> Mapping[str, Any]:
    """Return the values by ``Field.name``. Raise ``ValidationError`` or ``ParseError``."""
    # Without a body, this is an empty form.
    given: Any = request.data
    if not isinstance(given, Mapping):
        raise ValidationError({"body": ["Expected a JSON object."]})
    body = kind(data=given)
    body.is_valid(raise_exception=True)
    values: Mapping[str, Any] = body.validated_data
    if kind is body_of(VERBS[Verb.EDIT]) and not values.keys() & set(TEXTS.values()):
        raise ValidationError({"body": [f"Enter at least one of {', '.join(TEXTS)}."]})
    return values
