"""``/api/v1/topics/`` and ``/api/v1/providers/``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from articles.api.items import ProviderSerializer, TopicSerializer
from articles.api.paging import CURSOR, LIMIT, PageSerializer, answer, page
from articles.api.views import PublicView, public
from articles.models import Article, Related, Topic
from articles.models.orders import PROVIDERS, TOPICS
from articles.site.indexes import has_reports, listed_providers
from newsroom.paging import Order
from providers.models import Provider


class TopicPageSerializer(PageSerializer):
    value = TopicSerializer(many=True)


class ProviderPageSerializer(PageSerializer):
    value = ProviderSerializer(many=True)


def known_topics() -> QuerySet[Topic]:
    """Return the topics that pages list, those from catalog files, and those created by hand.

    A topic that only drafts use must look as if it did not exist.
    """
    known = has_reports() | Q(source__is_file=True) | Q(source={})
    return Topic.objects.filter(known).select_related("parent")


def known_providers() -> QuerySet[Provider]:
    """Return the providers that pages list, or name as publishers of coverage."""
    named = Related.objects.filter(
        article__in=Article.objects.published(),
        target__in=Article.objects.coverage(),
        target__provider=OuterRef("pk"),
    )
    return listed_providers() | Provider.objects.filter(Exists(named))


@public
class _PageView(PublicView):
    tag = "names"
    parameters = (LIMIT, CURSOR)
    rows: ClassVar[Callable[[], QuerySet[Any]]]
    order: ClassVar[tuple[Order, str]]
    item: ClassVar[type[Serializer[Any]]]

    def get(self, request: Request) -> Response:
        order, name = self.order
        found = page(request, type(self).rows(), order, name)
        value = self.item(found.rows, many=True, context={"request": request}).data
        return answer(request, found, name, value)


@public
class _OneView(PublicView):
    tag = "names"
    statuses = (404,)
    rows: ClassVar[Callable[[], QuerySet[Any]]]

    def get(self, request: Request, **key: str) -> Response:
        rows = type(self).rows()
        # Clients may have stored a former slug or domain.
        called = rows.model._default_manager.called(*key.values())
        row = rows.filter(pk__in=called.values("pk")).first()
        if row is None:
            raise NotFound
        return Response(self.serializer_class(row, context={"request": request}).data)


class TopicsView(_PageView):
    """Return a page of topics by name."""

    rows, order = known_topics, (TOPICS, "topics")
    item, serializer_class = TopicSerializer, TopicPageSerializer


class TopicView(_OneView):
    """Return a topic. For its articles, use news/?topic=."""

    rows, serializer_class = known_topics, TopicSerializer


class ProvidersView(_PageView):
    """Return a page of providers by name."""

    rows, order = listed_providers, (PROVIDERS, "providers")
    item, serializer_class = ProviderSerializer, ProviderPageSerializer


class ProviderView(_OneView):
    """Return a provider. For its articles, use news/?provider=."""

    rows, serializer_class = known_providers, ProviderSerializer
