"""What the bodies of requests may hold: JSON of exactly these members, types and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from articles.documents import MAX_QUALITY
from articles.newsdesk import MOST_GATHERED

MOST_WORDS: Final = 2_000
"""Characters of a reason, as in the admin."""
TEXTS: Final = {"title": "title", "category": "category", "excerpt": "excerpt", "content": "body"}
"""The texts that may be edited, by their names here, and what the newsdesk calls them."""


class Words(serializers.CharField):
    """A text as it is given, with the line ends of documents."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Refuse what is no text: the framework would write it as one."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text.replace("\r\n", "\n")


class Number(serializers.IntegerField):
    """A whole number, not the text of one."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse what only reads like a number."""
        if isinstance(data, (bool, str)):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


class When(serializers.DateTimeField):
    """A moment with its offset; null for none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_internal_value(self, value: Any) -> Any:
        """Refuse a time that could be anybody's."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
            if moment is None or moment.tzinfo is None:
                raise ValueError(value)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            message = "Expected a moment with its offset, such as 2026-03-01T12:00:00Z, or null."
            raise ValidationError(message) from error


class ReasonBodySerializer(serializers.Serializer[Any]):
    """Why."""

    reason = Words(
        required=False,
        allow_blank=True,
        max_length=MOST_WORDS,
        help_text="Kept in the history, and shown in the receipt of a decision.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Refuse members that nobody knows."""
        known = ", ".join(self.fields)
        message = f"There is no such member. There are: {known}."
        if unknown := {str(name)[:100]: [message] for name in data if name not in self.fields}:
            raise ValidationError(unknown)
        return super().to_internal_value(data)


class ScoreBodySerializer(ReasonBodySerializer):
    """How good a report is."""

    quality = Number(
        min_value=0,
        max_value=MAX_QUALITY,
        allow_null=True,
        help_text="In heat points; around 50 is ordinary, null takes the score away.",
    )


class UntilBodySerializer(ReasonBodySerializer):
    """A decision that may end by itself."""

    until = When(required=False, help_text="Then the rule has its say again. null is for good.")


class ScheduleBodySerializer(ReasonBodySerializer):
    """From when and until when readers may see an article."""

    publishFrom = When(help_text="Not before; null is no embargo.")
    publishUntil = When(help_text="Expires then; null is never.")


class RelateBodySerializer(ReasonBodySerializer):
    """Other articles."""

    slugs = serializers.ListField(
        child=Words(max_length=255), min_length=1, max_length=MOST_GATHERED
    )


class EditBodySerializer(ReasonBodySerializer):
    """Texts that replace those of an article; what is not given stays."""

    title = Words(required=False, max_length=1000)
    category = Words(required=False, allow_blank=True, max_length=1000)
    excerpt = Words(required=False, allow_blank=True)
    content = Words(required=False, allow_blank=True)


def values_of(request: Request, kind: type[ReasonBodySerializer]) -> Mapping[str, Any]:
    """Return what the body holds; raises ``ValidationError``, or ``ParseError`` for no JSON."""
    # Without a body the framework gives an empty form.
    given: Any = request.data
    if not isinstance(given, Mapping):
        raise ValidationError({"body": ["Expected a JSON object."]})
    body = kind(data=given)
    body.is_valid(raise_exception=True)
    values: Mapping[str, Any] = body.validated_data
    if kind is EditBodySerializer and not values.keys() & TEXTS.keys():
        raise ValidationError({"body": [f"Give at least one of {', '.join(TEXTS)}."]})
    return values
