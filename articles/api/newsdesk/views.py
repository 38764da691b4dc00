"""``GET /api/v1/newsdesk/news/``: the lists and queues, and an article with its story and
history."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Prefetch
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles import heat, newsdesk, suggestions
from articles.api.newsdesk.access import DeskView
from articles.api.newsdesk.decisions import ACTS, ETAG, stored, tag_of
from articles.api.newsdesk.serializers import (
    SUGGESTED,
    DeskArticleSerializer,
    DeskStorySerializer,
    HistorySerializer,
    SuggestionsSerializer,
    WaitingSerializer,
)
from articles.api.paging import CURSOR, LIMIT, PageSerializer, answer, page
from articles.models import ActChange, Article, ArticleQuerySet, ArticleTopic, Image, Pair
from articles.models.orders import LATEST
from articles.newsdesk.queues import BY_KEY, Queue
from newsroom import database_clock
from newsroom.paging import Order

_NEWEST: Final = Order("pk", "pk", True, str, int, int)
"""Latest decisions first. The primary key is unique, so there are no ties."""
_NO_TEXTS: Final = ("category", "excerpt", "excerpt_words", "body", "featured_content")

_STATE: Final = OpenApiParameter(
    "state",
    {"type": "string", "enum": list(Article.State.values)},
    description="Only articles in this state.",
)
_QUEUE: Final = OpenApiParameter(
    "queue",
    {"type": "string", "enum": list(BY_KEY)},
    description="Only articles in this queue, in its order. Cannot be combined with state and q.",
)
_Q: Final = OpenApiParameter("q", str, description='Words, "a phrase", -without, a URL or a slug.')


class WaitingPageSerializer(PageSerializer):
    """A page of articles, including those that readers do not see."""

    value = WaitingSerializer(many=True)


class HistoryPageSerializer(PageSerializer):
    """A page of an article's history."""

    value = HistorySerializer(many=True, help_text="Newest first.")


class DeskNewsView(DeskView):
    parameters = (_STATE, _QUEUE, _Q, LIMIT, CURSOR)
    serializer_class = WaitingPageSerializer

    def get(self, request: Request) -> Response:
        """Return a page of all articles, newest first, or of a queue in its order."""
        at = database_clock.now()
        policy = heat.current_policy()
        queue = _queue(request)
        if queue:
            rows = queue.articles(at, policy)
            order, name = queue.order, f"queue-{queue.key}"
        else:
            rows, order, name = _listed(request, at), LATEST, "newsdesk"
        shown = rows.with_story_size(at).select_related("provider", "decided_by").defer(*_NO_TEXTS)
        found = page(request, shown, order, name)
        reasons = queue.reasons(found.rows, at, policy) if queue else {}
        context = {"at": at, "reasons": reasons}
        value = WaitingSerializer(found.rows, many=True, context=context).data
        return answer(request, found, name, value)


def _queue(request: Request) -> Queue | None:
    key = request.query_params.get("queue")
    if key is None:
        return None
    if key not in BY_KEY:
        raise ValidationError({"queue": [f"Choose one of: {', '.join(BY_KEY)}."]})
    if others := sorted(request.query_params.keys() & {"state", "q"}):
        raise ValidationError({name: ["Cannot be combined with queue."] for name in others})
    return BY_KEY[key]


def _listed(request: Request, at: datetime) -> ArticleQuerySet:
    rows = Article.objects.all()
    state = request.query_params.get("state")
    if state is not None:
        if state not in Article.State.values:
            raise ValidationError({"state": [f"Choose one of: {', '.join(Article.State.values)}."]})
        rows = rows.in_state(state, at)
    return rows.search(request.query_params.get("q", ""), is_typing=False)


class DeskArticleView(DeskView):
    parameters = (ETAG,)
    serializer_class = DeskArticleSerializer
    statuses = (404,)

    def get(self, request: Request, slug: str) -> Response:
        """Return an article as editors see it, and the decisions that the user may make.

        ETag is its version. Decisions and imports raise it; a new heat alone does not.
        """
        at = database_clock.now()
        topics = ArticleTopic.objects.select_related("topic")
        articles = Article.objects.select_related("provider", "decided_by")
        images = Image.objects.select_related("stored")
        articles = articles.prefetch_related(
            Prefetch("images", images), Prefetch("topic_links", topics)
        )
        article: Any = articles.called(slug).first()
        if article is None:
            raise Http404
        article.receipt = heat.receipts([article.pk], at=at).get(article.pk)
        article.why = newsdesk.explain(article, at, article.receipt)
        article.allowed = [
            verb.value for verb in ACTS if newsdesk.is_offered(request.user, verb, article)
        ]
        shown = DeskArticleSerializer(article, context={"at": at, "request": request}).data
        return Response(shown, headers={"ETag": tag_of(article.version)})


class DeskStoryView(DeskView):
    serializer_class = DeskStorySerializer
    statuses = (404,)

    def get(self, request: Request, slug: str) -> Response:
        """Return the lead and the members by rank, each with the version for If-Match."""
        at = database_clock.now()
        story = newsdesk.story_of(stored(slug), at)
        return Response(DeskStorySerializer(story, context={"at": at}).data)


class DeskSuggestionsView(DeskView):
    serializer_class = SuggestionsSerializer
    statuses = (404,)

    def get(self, request: Request, slug: str) -> Response:
        """Return suggestions: reports of the same event, duplicates, and a quality, each with reasons.

        Those that editors have accepted or refused are included. Workers compute suggestions soon after
        an article is imported or changed.
        """
        article = stored(slug)
        related, duplicates = (
            suggestions.for_article(
                article,
                limit=SUGGESTED,
                kind=kind,
                least=suggestions.LEAST_SCORE,
                include_linked=True,
                include_refused=True,
            )
            for kind in (Pair.Kind.EVENT, Pair.Kind.DUPLICATE)
        )
        found = {
            "slug": article.slug,
            "related": related,
            "duplicates": duplicates,
            "quality": suggestions.suggested_quality([article]).get(article.pk),
        }
        return Response(SuggestionsSerializer(found).data)


class DeskHistoryView(DeskView):
    parameters = (LIMIT, CURSOR)
    serializer_class = HistoryPageSerializer
    statuses = (404,)

    def get(self, request: Request, slug: str) -> Response:
        """Return a page of the article's history, newest first: who, when, why and what changed."""
        acts = ActChange.objects.filter(article=stored(slug)).select_related("act__by")
        found = page(request, acts, _NEWEST, "history")
        value = HistorySerializer(found.rows, many=True).data
        return answer(request, found, "history", value)
