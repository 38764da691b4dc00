"""``/api/v1/topics/`` and ``/api/v1/providers/``."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import ProviderSerializer, TopicSerializer
from articles.api.paging import CURSOR, LIMIT, limit, next_address, page
from articles.api.schema import responses
from articles.api.views import PublicView, public
from articles.models import Article, Related, Topic
from articles.models.orders import PROVIDERS, TOPICS
from articles.site.indexes import has_reports, listed_providers
from newsroom.paging import Order
from providers.models import Provider

_Serializer = type[serializers.Serializer[Any]]


class TopicPageSerializer(serializers.Serializer[Any]):
    """A page of topics."""

    value = TopicSerializer(many=True)
    next = serializers.CharField(
        allow_null=True, help_text="URL of the next page; null on the last."
    )


class ProviderPageSerializer(serializers.Serializer[Any]):
    """A page of providers."""

    value = ProviderSerializer(many=True)
    next = serializers.CharField(
        allow_null=True, help_text="URL of the next page; null on the last."
    )


def known_topics() -> QuerySet[Topic]:
    """Return the topics that pages list, those of catalog files, and those made by hand.

    Topics that only drafts have must look like missing ones.
    """
    known = has_reports() | Q(source__is_file=True) | Q(source={})
    return Topic.objects.filter(known).select_related("parent")


def known_providers() -> QuerySet[Provider]:
    """Return the providers that pages list or name as publishers of coverage."""
    named = Related.objects.filter(
        article__in=Article.objects.published(),
        target__in=Article.objects.coverage(),
        target__provider=OuterRef("pk"),
    )
    return listed_providers() | Provider.objects.filter(Exists(named))


def _listed(
    request: Request, rows: QuerySet[Any], order: Order, name: str, serializer: _Serializer
) -> Response:
    found = page(request, rows, order, name, limit(request))
    value = serializer(found.rows, many=True, context={"request": request}).data
    return Response({"value": value, "next": next_address(request, found, name)})


def _one(rows: QuerySet[Any]) -> Any:
    if (row := rows.first()) is None:
        raise NotFound
    return row


@public
class TopicsView(PublicView):
    parameters: ClassVar = frozenset({"cursor", "limit"})

    @extend_schema(
        operation_id="topics",
        parameters=[LIMIT, CURSOR],
        responses=responses(TopicPageSerializer, 400),
        tags=["names"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of topics by name."""
        return _listed(request, known_topics(), TOPICS, "topics", TopicSerializer)


@public
class TopicView(PublicView):
    @extend_schema(
        operation_id="topic", responses=responses(TopicSerializer, 400, 404), tags=["names"]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a topic. For its articles, use news/?topic=."""
        topic = _one(known_topics().filter(slug=slug))
        return Response(TopicSerializer(topic, context={"request": request}).data)


@public
class ProvidersView(PublicView):
    parameters: ClassVar = frozenset({"cursor", "limit"})

    @extend_schema(
        operation_id="providers",
        parameters=[LIMIT, CURSOR],
        responses=responses(ProviderPageSerializer, 400),
        tags=["names"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of providers by name."""
        return _listed(request, listed_providers(), PROVIDERS, "providers", ProviderSerializer)


@public
class ProviderView(PublicView):
    @extend_schema(
        operation_id="provider", responses=responses(ProviderSerializer, 400, 404), tags=["names"]
    )
    def get(self, request: Request, domain: str) -> Response:
        """Return a provider. For its articles, use news/?provider=."""
        provider = _one(known_providers().filter(domain=domain))
        return Response(ProviderSerializer(provider, context={"request": request}).data)
