"""Request bodies, made from the declarations of verbs: JSON with exactly these members and
types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from articles.documents import MAX_QUALITY
from articles.models import Article
from articles.newsdesk import MOST_GATHERED, VERBS, Verb
from articles.newsdesk.verbs import NOTE, Declaration, Field, Kind

TEXTS: Final = {field.key: field.name for field in VERBS[Verb.EDIT].fields}
"""The columns of the texts that may be edited, by their names in the API."""
_NAMES: Final = {(): "Reason", ("until",): "Until", ("slugs",): "Relate"}
"""Names in the schema of bodies that several verbs share; others have their verb's name."""


class Words(serializers.CharField):
    """A text, unchanged except for line ends, which are those of documents."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Refuse other types, which the framework would convert."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text.replace("\r\n", "\n")


class Number(serializers.IntegerField):
    """A whole number, not a string."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse texts and booleans, which the framework would convert."""
        if isinstance(data, (bool, str)):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


class When(serializers.DateTimeField):
    """A moment with its offset; null for none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_internal_value(self, value: Any) -> Any:
        """Refuse a time without an offset."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
            if moment is None or moment.tzinfo is None:
                raise ValueError(value)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            message = "Expected a moment with its offset, such as 2026-03-01T12:00:00Z, or null."
            raise ValidationError(message) from error


class Slugs(serializers.ListField):
    """Articles by their slugs."""

    def __init__(self, **options: Any) -> None:
        child = Words(max_length=255)
        super().__init__(child=child, min_length=1, max_length=MOST_GATHERED, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return each slug once."""
        return list(dict.fromkeys(super().to_internal_value(data)))


def with_articles(kind: type[ReasonBodySerializer], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with articles in place of slugs; raise ``ValidationError`` for unknown ones.

    Separate from ``values_of``, so that only users who may make the decision learn which slugs
    exist. One query.
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


def _text(field: Field, **options: Any) -> serializers.Field[Any, Any, Any, Any]:
    return Words(max_length=field.max_length, allow_blank=field.blank, **options)


_FIELDS: Final[Mapping[Kind, Callable[..., serializers.Field[Any, Any, Any, Any]]]] = {
    Kind.QUALITY: lambda field, **options: Number(
        min_value=0, max_value=MAX_QUALITY, allow_null=True, **options
    ),
    Kind.MOMENT: lambda field, **options: When(**options),
    Kind.TEXT: _text,
    Kind.ARTICLES: lambda field, **options: Slugs(**options),
}


def _body_field(field: Field) -> serializers.Field[Any, Any, Any, Any]:
    source = None if field.key == field.name else field.name
    help_text = field.help or None
    made = _FIELDS[field.kind]
    return made(field, required=field.essential, source=source, help_text=help_text)


class ReasonBodySerializer(serializers.Serializer[Any]):
    """A note alone."""

    reason = _body_field(NOTE)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown members."""
        known = ", ".join(self.fields)
        message = f"Unknown member. Known members: {known}."
        if unknown := {str(name)[:100]: [message] for name in data if name not in self.fields}:
            raise ValidationError(unknown)
        return super().to_internal_value(data)


def body_of(declaration: Declaration) -> type[ReasonBodySerializer]:
    """Return the body of a verb; verbs with the same fields share one."""
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
    """Return the values by the names of ``Field``; raises ``ValidationError`` or ``ParseError``."""
    # Without a body the framework gives an empty form.
    given: Any = request.data
    if not isinstance(given, Mapping):
        raise ValidationError({"body": ["Expected a JSON object."]})
    body = kind(data=given)
    body.is_valid(raise_exception=True)
    values: Mapping[str, Any] = body.validated_data
    if kind is body_of(VERBS[Verb.EDIT]) and not values.keys() & set(TEXTS.values()):
        raise ValidationError({"body": [f"Give at least one of {', '.join(TEXTS)}."]})
    return values
