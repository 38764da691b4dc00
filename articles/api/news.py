"""``/api/v1/news/`` and ``/api/v1/stories/``."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import (
    FIELDS,
    TEXT_FIELDS,
    ArticleSerializer,
    ItemSerializer,
    ListedSerializer,
    StorySerializer,
    chosen,
)
from articles.api.paging import CURSOR, LIMIT, limit, next_address, page
from articles.api.problems import GoneError
from articles.api.schema import responses
from articles.api.updates import UPDATED_SINCE, follow
from articles.api.views import PublicView, public
from articles.models import Article, or_least
from articles.models.orders import LATEST, TOP
from articles.site.filters import ArticleFilter
from newsroom.paging import Order

HEAT: Final = Order("heat_or_least", "slug", True, str, lambda text: _small(text))
ORDERINGS: Final = {"latest": LATEST, "top": TOP, "heat": HEAT}

_MOMENT: Final = {"type": "string", "maxLength": 64}
_NAMES: Final = {"type": "array", "items": {"type": "string", "maxLength": 253}, "maxItems": 20}
FILTERS: Final = [
    OpenApiParameter("q", str, description='Words, "a phrase", -without.'),
    OpenApiParameter("topic", _NAMES, description="Slugs of topics: articles about any of them."),
    OpenApiParameter(
        "provider", _NAMES, description="Domains of providers: articles by any of them."
    ),
    OpenApiParameter(
        "type",
        {"type": "array", "items": {"type": "string", "enum": list(Article.Type.values)}},
        description="Articles of any of these types.",
    ),
    OpenApiParameter(
        "since", _MOMENT, description="Published on this day or at this time, or later."
    ),
    OpenApiParameter(
        "until", _MOMENT, description="Published before the end of this day, or before this time."
    ),
    OpenApiParameter(
        "minimumHeat",
        {"type": "integer", "minimum": 0, "maximum": 32_767},
        description="Only articles with at least this heat.",
    ),
]
_ORDERING: Final = OpenApiParameter(
    "ordering",
    {"type": "string", "enum": list(ORDERINGS), "default": "latest"},
    description="latest: newest first. top: hottest first, cooling with age. heat: hottest first.",
)


def _fields(names: tuple[str, ...]) -> OpenApiParameter:
    return OpenApiParameter(
        "fields",
        {"type": "array", "items": {"type": "string", "enum": list(names)}, "minItems": 1},
        explode=False,
        description="Only these fields and the slug, separated by commas.",
    )


def _small(text: str) -> int:
    number = int(text)
    if abs(number) > 32_767:
        raise ValueError(text)
    return number


class NewsPageSerializer(serializers.Serializer[Any]):
    """A page of articles."""

    value = ListedSerializer(many=True)
    next = serializers.CharField(
        allow_null=True,
        help_text="URL of the next page, null on the last. Never null with updatedSince: continue there.",
    )
    more = serializers.BooleanField(
        required=False, help_text="Only with updatedSince: whether to ask for next immediately."
    )


@public
class NewsView(PublicView):
    repeatable: ClassVar = frozenset({"topic", "provider", "type"})
    parameters: ClassVar = frozenset(
        {"cursor", "fields", "limit", "ordering", "updatedSince", *ArticleFilter.base_filters}
    )

    @extend_schema(
        operation_id="news",
        parameters=[*FILTERS, _ORDERING, _fields(FIELDS), LIMIT, CURSOR, UPDATED_SINCE],
        responses=responses(NewsPageSerializer, 400, 410),
        tags=["news"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of published articles, each the lead of its story.

        Pages neither skip nor repeat articles while others come and go. To keep a copy, start with
        a blank updatedSince and then keep following next: it returns everything that was added,
        changed or removed since.
        """
        only = chosen(request, FIELDS)
        _refuse_blanks(request)
        at = timezone.now()
        asked = ArticleFilter(request.query_params, Article.objects.published(at).for_items(at))
        if not asked.form.is_valid():
            raise ValidationError(asked.form.errors)
        if "updatedSince" in request.query_params:
            return follow(request, asked, at, only, limit(request))
        name = request.query_params.get("ordering", "latest")
        if name not in ORDERINGS:
            message = f"Choose one of: {', '.join(ORDERINGS)}."
            raise ValidationError({"ordering": [message]})
        rows = asked.qs.annotate(heat_or_least=or_least("heat")) if name == "heat" else asked.qs
        found = page(request, rows, ORDERINGS[name], name, limit(request))
        items = ItemSerializer(found.rows, many=True, only=only, context={"request": request})
        return Response({"value": items.data, "next": next_address(request, found, name)})


def _refuse_blanks(request: Request) -> None:
    """Raise ``ValidationError`` for blanks that the search page ignores: a program sent them by mistake."""
    for name in ("type", "minimumHeat"):
        if any(not value.strip() for value in request.query_params.getlist(name)):
            raise ValidationError({name: ["This is blank. Enter a value or leave it out."]})


@public
class ArticleView(PublicView):
    parameters: ClassVar = frozenset({"fields"})

    @extend_schema(
        operation_id="article",
        parameters=[_fields(TEXT_FIELDS)],
        responses=responses(ArticleSerializer, 400, 404, 410),
        tags=["news"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a published article. Reports behind a lead are only in the lead's story."""
        only = chosen(request, TEXT_FIELDS)
        article = Article.objects.published().for_page().filter(slug=slug).first()
        if article is None:
            raise _missing(slug)
        return Response(ArticleSerializer(article, only=only, context={"request": request}).data)


@public
class StoryView(PublicView):
    @extend_schema(
        operation_id="story",
        responses=responses(StorySerializer, 302, 400, 404, 410),
        tags=["news"],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Return the story of a published lead. A report behind a lead redirects to its story."""
        lead = Article.objects.published().for_page().filter(slug=slug).first()
        if lead is None:
            if above := Article.objects.lead_of(slug):
                return redirect(reverse("articles:api:story", args=[above.slug]))
            raise _missing(slug)
        story = {"lead": lead, "members": [lead, *lead.coverage], "timeline": lead.course}
        return Response(StorySerializer(story, context={"request": request}).data)


def _missing(slug: str) -> Exception:
    """Return the error for an article that readers may not see. One query."""
    if Article.objects.withdrawn_from_readers().filter(slug=slug).exists():
        return GoneError("This article was withdrawn.")
    return NotFound()
