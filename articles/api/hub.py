"""The hub's own URLs, so that its clients can read this site unchanged.

Keys, their order and their nulls are those of the hub's responses. Two things differ:
``featuredContent`` is sanitized, and times are in UTC instead of the hub's time zone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.items import featured, web_address
from articles.api.schema import responses
from articles.api.topics_providers import known_topics
from articles.api.views import PublicView, public
from articles.models import Article, ArticleQuerySet, Image
from newsroom.iso_dates import iso
from providers.models import Provider

PAGE_SIZE: Final = 25
FARTHEST: Final = 10**9
"""The highest page number that is looked up."""
_MOST_HEAT: Final = 10**6


class HubImageSerializer(serializers.Serializer[Any]):
    """An image in the hub's format."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    height = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    title = serializers.CharField(allow_null=True)
    attribution = serializers.CharField(allow_null=True)
    isCached = serializers.BooleanField()


class HubProviderSerializer(serializers.Serializer[Any]):
    """A provider in the hub's format."""

    name = serializers.CharField()
    domain = serializers.CharField()
    images = HubImageSerializer(many=True, allow_null=True)
    publishers = serializers.CharField(allow_null=True, help_text="Always null.")
    authors = serializers.CharField(allow_null=True, help_text="Always null.")


class HubItemSerializer(serializers.Serializer[Any]):
    """An article in the hub's format."""

    path = serializers.CharField(help_text="_news/<slug>.md")
    title = serializers.CharField()
    excerpt = serializers.CharField(allow_null=True)
    sourceUrl = serializers.CharField(allow_null=True, help_text="Always null.")
    webUrl = serializers.CharField(allow_null=True)
    originalUrl = serializers.CharField(allow_null=True)
    featuredContent = serializers.CharField(allow_null=True, help_text="Sanitized HTML.")
    highlight = serializers.CharField(allow_null=True, help_text="Always null.")
    heat = serializers.IntegerField(allow_null=True)
    tags = serializers.CharField(allow_null=True, help_text="Always null.")
    images = HubImageSerializer(many=True, allow_null=True)
    content = serializers.CharField(help_text="The body, with CRLF line ends.")
    type = serializers.ChoiceField(choices=Article.Type.choices)
    ampWebUrl = serializers.CharField(allow_null=True)
    cdnAmpWebUrl = serializers.CharField(allow_null=True)
    publishedDateTime = serializers.DateTimeField()
    updatedDateTime = serializers.DateTimeField(allow_null=True)
    provider = HubProviderSerializer()
    locale = serializers.CharField()
    categories = serializers.ListField(child=serializers.CharField(), allow_null=True)
    topics = serializers.ListField(child=serializers.CharField(), allow_null=True)


class HubPageSerializer(serializers.Serializer[Any]):
    """A page of articles, newest first."""

    page = serializers.IntegerField(help_text="From 1.")
    value = HubItemSerializer(many=True)
    nextPage = serializers.IntegerField(allow_null=True, help_text="null on the last page.")


_MINIMUM_HEAT: Final = OpenApiParameter(
    "minimum_heat",
    {"type": "integer", "minimum": 0, "maximum": _MOST_HEAT},
    description="Only articles with at least this heat.",
)


@public
class HubView(PublicView):
    parameters: ClassVar = frozenset({"minimum_heat"})
    operation_ids: ClassVar = {
        "/api/news/index.json": "hub",
        "/api/news/page{page}/index.json": "hubPage",
        "/api/news/{topic}/index.json": "hubTopic",
        "/api/news/{topic}/page{page}/index.json": "hubTopicPage",
    }

    @extend_schema(
        parameters=[_MINIMUM_HEAT], responses=responses(HubPageSerializer, 400, 404), tags=["hub"]
    )
    def get(self, request: Request, topic: str | None = None, page: int = 1) -> Response:
        """Return 25 articles, newest first, then by slug, and the number of the next page."""
        if not 1 <= page <= FARTHEST:
            raise NotFound("This page does not exist.")
        published = Article.objects.published()
        if topic is not None:
            published = published.filter(topic_links__topic__slug=topic)
        if (least := _minimum_heat(request)) is not None:
            published = published.filter(heat__gte=least)
        slugs = _slugs(published, page)
        if not slugs and (
            page > 1 or (topic is not None and not known_topics().filter(slug=topic).exists())
        ):
            raise NotFound("This topic or page does not exist.")
        shown = slugs[:PAGE_SIZE]
        found = Article.objects.for_page().filter(slug__any_of=shown).newest_first()
        items = [item(article) for article in found] if shown else []
        follows = page + 1 if len(slugs) > PAGE_SIZE else None
        return Response({"page": page, "value": items, "nextPage": follows})


def _slugs(rows: ArticleQuerySet, page: int) -> list[str]:
    """Return the slugs of a page, and one more if there is another page. One query.

    Page numbers need an offset, so the database skips all articles before the page, at about 0.4 µs
    each in the index ``article_latest``: 80 ms for the last page of 200,000 articles (SQLite, a busy
    machine). With a topic or a minimum heat it has to read their rows too.
    """
    first = (page - 1) * PAGE_SIZE
    return list(rows.newest_first().values_list("slug", flat=True)[first : first + PAGE_SIZE + 1])


def _minimum_heat(request: Request) -> int | None:
    text = request.query_params.get("minimum_heat")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= _MOST_HEAT):
        raise ValidationError({"minimum_heat": ["Enter a whole number like 70."]})
    return int(text)


def item(article: Article) -> dict[str, Any]:
    """Return an article in the hub's format. No query if ``for_page()`` loaded it."""
    return {
        "path": f"_news/{article.slug}.md",
        "title": article.title,
        "excerpt": article.excerpt or None,
        "sourceUrl": None,
        "webUrl": web_address(article.web_url),
        "originalUrl": web_address(article.original_url),
        "featuredContent": featured(article),
        "highlight": None,
        "heat": article.heat,
        "tags": None,
        "images": [_image(image) for image in article.shown_images] or None,
        # The hub's responses always have CRLF.
        "content": article.body.replace("\n", "\r\n"),
        "type": article.type,
        "ampWebUrl": web_address(article.amp_url),
        "cdnAmpWebUrl": web_address(article.cdn_amp_url),
        "publishedDateTime": iso(article.published_at),
        "updatedDateTime": iso(article.updated_at) if article.updated_at else None,
        "provider": _provider(article.provider),
        "locale": article.locale,
        "categories": [article.category] if article.category else None,
        "topics": [link.topic.name for link in article.topic_links.all()] or None,
    }


def _provider(provider: Provider) -> dict[str, Any]:
    # Logos with relative URLs are files of the hub, which are not here.
    logos = [
        _image(Image(url=logo["url"], width=logo.get("width"), height=logo.get("height")))
        for logo in provider.logos
        if web_address(logo["url"])
    ]
    return {
        "name": provider.name,
        "domain": provider.domain,
        "images": logos or None,
        "publishers": None,
        "authors": None,
    }


def _image(image: Image) -> dict[str, Any]:
    return {
        "url": image.url,
        "width": image.width,
        "height": image.height,
        "title": image.title,
        "attribution": image.attribution,
        "isCached": bool(image.is_cached),
    }
