"""``/api/v1/topics/`` and ``/api/v1/providers/``: what articles are about, and who supplied them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import ProviderSerializer, TopicSerializer
from articles.api.paging import CURSOR, LIMIT, limit, next_address, page
from articles.api.schema import responses
from articles.api.views import PublicView, public
from articles.models import Article, Related, Topic
from articles.models.orders import PROVIDERS, TOPICS
from articles.site.indexes import has_reports, listed_providers
from providers.models import Provider


class TopicPageSerializer(serializers.Serializer[Any]):
    """A page of topics."""

    value = TopicSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The next page; null on the last.")


class ProviderPageSerializer(serializers.Serializer[Any]):
    """A page of providers."""

    value = ProviderSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The next page; null on the last.")


def known_topics() -> QuerySet[Topic]:
    """Return the topics that pages list, of the catalog's files, and those made by hand.

    A topic that only drafts name answers like one that does not exist.
    """
    return Topic.objects.filter(has_reports() | Q(source__is_file=True) | Q(source={}))


def known_providers() -> QuerySet[Provider]:
    """Return who supplied what pages list, or coverage of it."""
    named = Related.objects.filter(
        article__in=Article.objects.published(),
        target__in=Article.objects.coverage(),
        target__provider=OuterRef("pk"),
    )
    return listed_providers() | Provider.objects.filter(Exists(named))


@public
class TopicsView(PublicView):
    """Topics by name."""

    parameters: ClassVar = frozenset({"cursor", "limit"})

    @extend_schema(
        operation_id="topics",
        parameters=[LIMIT, CURSOR],
        responses=responses(TopicPageSerializer, 400),
        tags=["names"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of topics by name."""
        rows = known_topics().select_related("parent")
        found = page(request, rows, TOPICS, "topics", limit(request))
        value = TopicSerializer(found.rows, many=True, context={"request": request}).data
        return Response({"value": value, "next": next_address(request, found, "topics")})


@public
class TopicView(PublicView):
    """One topic."""

    @extend_schema(
        operation_id="topic", responses=responses(TopicSerializer, 400, 404), tags=["names"]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a topic; news/?topic= has what is about it."""
        topic = known_topics().select_related("parent").filter(slug=slug).first()
        if topic is None:
            raise Http404
        return Response(TopicSerializer(topic, context={"request": request}).data)


@public
class ProvidersView(PublicView):
    """Providers by name."""

    parameters: ClassVar = frozenset({"cursor", "limit"})

    @extend_schema(
        operation_id="providers",
        parameters=[LIMIT, CURSOR],
        responses=responses(ProviderPageSerializer, 400),
        tags=["names"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of providers by name."""
        found = page(request, listed_providers(), PROVIDERS, "providers", limit(request))
        value = ProviderSerializer(found.rows, many=True, context={"request": request}).data
        return Response({"value": value, "next": next_address(request, found, "providers")})


@public
class ProviderView(PublicView):
    """One provider."""

    @extend_schema(
        operation_id="provider", responses=responses(ProviderSerializer, 400, 404), tags=["names"]
    )
    def get(self, request: Request, domain: str) -> Response:
        """Return a provider; news/?provider= has what it supplied."""
        provider = known_providers().filter(domain=domain).first()
        if provider is None:
            raise Http404
        return Response(ProviderSerializer(provider, context={"request": request}).data)
