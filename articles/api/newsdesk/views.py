"""``GET /api/v1/newsdesk/news/``: queues, all articles, and one article with its story and
history."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from django.db.models import Prefetch
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles import heat, newsdesk
from articles.api.newsdesk.access import REFUSALS, DeskView
from articles.api.newsdesk.decisions import ACTS, ETAG, stored, tag_of
from articles.api.newsdesk.serializers import (
    DeskArticleSerializer,
    DeskStorySerializer,
    HistorySerializer,
    WaitingSerializer,
)
from articles.api.paging import CURSOR, LIMIT, limit, next_address, page
from articles.api.schema import responses
from articles.models import ActChange, Article, ArticleQuerySet, ArticleTopic
from articles.models.orders import LATEST
from articles.newsdesk.queues import BY_KEY, QUEUES, Queue
from newsroom.paging import Order

_NEWEST: Final = Order("pk", "pk", True, str, int, int)
"""Decisions by time; the key is unique, so ties cannot occur."""
_NO_TEXTS: Final = ("category", "excerpt", "body", "featured_content")

_STATE: Final = OpenApiParameter(
    "state",
    {"type": "string", "enum": list(Article.State.values)},
    description="Only articles in this state.",
)
_QUEUE: Final = OpenApiParameter(
    "queue",
    {"type": "string", "enum": list(BY_KEY)},
    description="Only articles in a queue of the desk, in its order; can be combined only with limit.",
)
_Q: Final = OpenApiParameter("q", str, description='Words, "a phrase", -without, a URL or a slug.')


class WaitingPageSerializer(serializers.Serializer[Any]):
    """A page of articles in any state."""

    value = WaitingSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The next page; null on the last.")


class HistoryPageSerializer(serializers.Serializer[Any]):
    """A page of an article's history."""

    value = HistorySerializer(many=True, help_text="Newest first.")
    next = serializers.CharField(allow_null=True, help_text="The next page; null on the last.")


class DeskNewsView(DeskView):
    """All articles, newest first, or a queue in its order."""

    parameters: ClassVar = frozenset({"state", "queue", "q", "limit", "cursor"})

    @extend_schema(
        operation_id="newsdeskNews",
        parameters=[_STATE, _QUEUE, _Q, LIMIT, CURSOR],
        responses=responses(WaitingPageSerializer, 400, *REFUSALS),
        tags=["newsdesk"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of the list, narrowed by state and words, or of a queue."""
        at = timezone.now()
        policy = heat.current_policy()
        queue = _queue(request)
        if queue:
            rows = queue.articles(at, policy)
            order, name = queue.order, f"queue-{queue.key}"
        else:
            rows, order, name = _listed(request, at), LATEST, "newsdesk"
        shown = rows.with_story_size(at).select_related("provider", "decided_by").defer(*_NO_TEXTS)
        found = page(request, shown, order, name, limit(request))
        reasons = queue.reasons(found.rows, at, policy) if queue else {}
        context = {"at": at, "reasons": reasons}
        value = WaitingSerializer(found.rows, many=True, context=context).data
        return Response({"value": value, "next": next_address(request, found, name)})


def _queue(request: Request) -> Queue | None:
    key = request.query_params.get("queue")
    if key is None:
        return None
    if key not in BY_KEY:
        there = ", ".join(queue.key for queue in QUEUES)
        raise ValidationError({"queue": [f"There are: {there}."]})
    if others := sorted(request.query_params.keys() & {"state", "q"}):
        raise ValidationError({name: ["Does not go with queue."] for name in others})
    return BY_KEY[key]


def _listed(request: Request, at: datetime) -> ArticleQuerySet:
    rows = Article.objects.all()
    state = request.query_params.get("state")
    if state is not None:
        if state not in Article.State.values:
            raise ValidationError({"state": [f"There are: {', '.join(Article.State.values)}."]})
        rows = rows.in_state(state, at)
    return rows.search(request.query_params.get("q", ""), is_typing=False)


class DeskArticleView(DeskView):
    """One article."""

    @extend_schema(
        operation_id="newsdeskArticle",
        parameters=[ETAG],
        responses=responses(DeskArticleSerializer, 400, 404, *REFUSALS),
        tags=["newsdesk"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return an article for its editor, with the decisions that the user may make.

        The ETag is its version. Every decision on it and every import that changes it raises the
        version; heat, which also depends on other articles, does not. At most six queries, besides
        those for the user.
        """
        at = timezone.now()
        topics = ArticleTopic.objects.select_related("topic")
        articles = Article.objects.select_related("provider", "decided_by")
        articles = articles.prefetch_related("images", Prefetch("topic_links", topics))
        article: Any = articles.filter(slug=slug).first()
        if article is None:
            raise Http404
        article.receipt = heat.receipts([article.pk], at=at).get(article.pk)
        article.why = newsdesk.explain(article, at, article.receipt)
        article.allowed = [
            verb.value for verb in ACTS if newsdesk.is_offered(request.user, verb, article)
        ]
        answer = Response(DeskArticleSerializer(article, context={"at": at}).data)
        answer["ETag"] = tag_of(article)
        return answer


class DeskStoryView(DeskView):
    """The story of an article."""

    @extend_schema(
        operation_id="newsdeskStory",
        responses=responses(DeskStorySerializer, 400, 404, *REFUSALS),
        tags=["newsdesk"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the lead and the members by rank, each with the version for If-Match.

        At most five queries, besides those for the user.
        """
        at = timezone.now()
        story = newsdesk.story_of(stored(slug), at)
        return Response(DeskStorySerializer(story, context={"at": at}).data)


class DeskHistoryView(DeskView):
    """The history of an article."""

    parameters: ClassVar = frozenset({"limit", "cursor"})

    @extend_schema(
        operation_id="newsdeskHistory",
        parameters=[LIMIT, CURSOR],
        responses=responses(HistoryPageSerializer, 400, 404, *REFUSALS),
        tags=["newsdesk"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a page of its history, newest first: who, when, why and what changed.

        Two queries, besides those for the user.
        """
        acts = ActChange.objects.filter(article=stored(slug)).select_related("act__by")
        found = page(request, acts, _NEWEST, "history", limit(request))
        value = HistorySerializer(found.rows, many=True).data
        return Response({"value": value, "next": next_address(request, found, "history")})
