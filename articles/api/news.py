"""``/api/v1/news/`` and ``/api/v1/stories/``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
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
from articles.api.paging import CURSOR, LIMIT, answer, limit, page
from articles.api.problems import ProblemError
from articles.api.updates import UPDATED_SINCE, follow
from articles.api.views import PublicView, public
from articles.models import Article, or_least
from articles.models.orders import LATEST, TOP
from articles.site.filters import ArticleFilter
from newsroom import database_clock
from newsroom.paging import Order


def _small(text: str) -> int:
    number = int(text)
    if abs(number) > 32_767:
        raise ValueError(text)
    return number


HEAT: Final = Order("heat_or_least", "slug", True, str, _small)
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


class NewsPageSerializer(serializers.Serializer[Any]):
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
    tag = "news"
    parameters = (*FILTERS, _ORDERING, _fields(FIELDS), LIMIT, CURSOR, UPDATED_SINCE)
    serializer_class = NewsPageSerializer
    statuses = (410,)

    def get(self, request: Request) -> Response:
        """Return a page of published articles, each the lead of its story.

        Pages neither skip nor repeat articles while others come and go. To keep a copy, start with
        a blank updatedSince and then keep following next: it returns everything that was added,
        changed or removed since.
        """
        only = chosen(request, FIELDS)
        for name in ("type", "minimumHeat"):
            # The search page ignores blanks, but a program that sends them has made a mistake.
            if any(not value.strip() for value in request.query_params.getlist(name)):
                raise ValidationError({name: ["This is blank. Enter a value or leave it out."]})
        at = database_clock.now()
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
        found = page(request, rows, ORDERINGS[name], name)
        items = ItemSerializer(found.rows, many=True, only=only, context={"request": request})
        return answer(request, found, name, items.data)


@public
class ArticleView(PublicView):
    tag = "news"
    parameters = (_fields(TEXT_FIELDS),)
    serializer_class = ArticleSerializer
    statuses = (301, 404, 410)

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Return a published article. A former slug redirects to it.

        Reports behind a lead are only in the lead's story.
        """
        only = chosen(request, TEXT_FIELDS)
        article = Article.objects.published().for_page().filter(slug=slug).first()
        if article is None:
            return _instead("articles:api:article", slug)
        return Response(ArticleSerializer(article, only=only, context={"request": request}).data)


@public
class StoryView(PublicView):
    tag = "news"
    serializer_class = StorySerializer
    statuses = (301, 302, 404, 410)

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Return the story of a published lead. A report behind a lead redirects to its story.

        So does a former slug of the lead.
        """
        lead = Article.objects.published().for_page().filter(slug=slug).first()
        if lead is None:
            if above := Article.objects.lead_of(slug):
                return redirect(reverse("articles:api:story", args=[above.slug]))
            return _instead("articles:api:story", slug)
        story = {"lead": lead, "members": [lead, *lead.coverage], "timeline": lead.course}
        return Response(StorySerializer(story, context={"request": request}).data)


def _instead(view: str, slug: str) -> HttpResponseBase:
    """Redirect from a former slug; raise the error for an article that readers may not see."""
    if Article.objects.withdrawn_from_readers(slug).exists():
        raise ProblemError(HTTPStatus.GONE, "This article was withdrawn.")
    moved = Article.objects.moved_from(slug)
    if moved is None or (view == "articles:api:article" and not moved.is_published()):
        raise NotFound
    return redirect(reverse(view, args=[moved.slug]), permanent=True)
