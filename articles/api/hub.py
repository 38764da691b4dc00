"""The hub's own addresses: what its clients read there, they read here, key for key.

The keys, their order and their nulls are those of the hub's published answers. Two things differ:
``featuredContent`` is sanitized, and times are given in UTC, as documents have them, where the hub
writes them in its own zone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles.api.formats import featured, instant, web_address
from articles.api.schema import responses
from articles.api.topics_providers import known_topics
from articles.api.views import PublicView, public
from articles.models import Article, ArticleQuerySet, Image
from providers.models import Provider

PAGE_SIZE: Final = 25
FARTHEST: Final = 10**9
"""The last page that anybody could mean; what is asked for beyond is not looked for."""
_MOST_HEAT: Final = 10**6


class HubImageSerializer(serializers.Serializer[Any]):
    """An image as the hub gives it."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    height = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    title = serializers.CharField(allow_null=True)
    attribution = serializers.CharField(allow_null=True)
    isCached = serializers.BooleanField()


class HubProviderSerializer(serializers.Serializer[Any]):
    """A provider as the hub gives it."""

    name = serializers.CharField()
    domain = serializers.CharField()
    images = HubImageSerializer(many=True, allow_null=True)
    publishers = serializers.CharField(allow_null=True, help_text="Always null.")
    authors = serializers.CharField(allow_null=True, help_text="Always null.")


class HubItemSerializer(serializers.Serializer[Any]):
    """An article as the hub gives it."""

    path = serializers.CharField(help_text="_news/, its slug, .md")
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
    content = serializers.CharField(help_text="The body; lines end in CRLF.")
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
    description="Leave out what has less heat.",
)


@public
class HubView(PublicView):
    """A page of what is published: all of it, or a topic's."""

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
        """Give 25 articles, newest first, then by slug; and which page follows."""
        if not 1 <= page <= FARTHEST:
            raise NotFound("There is no such page.")
        published = Article.objects.published()
        if topic is not None:
            published = published.filter(topic_links__topic__slug=topic)
        if (least := _minimum_heat(request)) is not None:
            published = published.filter(heat__gte=least)
        slugs = _slugs(published, page)
        if not slugs and (
            page > 1 or (topic is not None and not known_topics().filter(slug=topic).exists())
        ):
            raise NotFound("There is no such topic or page.")
        shown = slugs[:PAGE_SIZE]
        # for_page(): the content is the body.
        found = Article.objects.for_page().filter(slug__any_of=shown).newest_first()
        items = [item(article) for article in found] if shown else []
        follows = page + 1 if len(slugs) > PAGE_SIZE else None
        return Response({"page": page, "value": items, "nextPage": follows})


def _slugs(rows: ArticleQuerySet, page: int) -> list[str]:
    """Return the slugs of a page, and of one article more if there is another page. One query.

    A page by number is an offset: the database passes all articles before it, one by one. What is
    asked of them is in the index ``article_latest``, so no row is read for it, but each costs some
    0.4 µs: 80 ms for the last of 200,000 (SQLite, a busy machine). A topic's pages, and those with a
    least heat, take a look at each row.
    """
    first = (page - 1) * PAGE_SIZE
    return list(rows.newest_first().values_list("slug", flat=True)[first : first + PAGE_SIZE + 1])


def _minimum_heat(request: Request) -> int | None:
    text = request.query_params.get("minimum_heat")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= _MOST_HEAT):
        raise ValidationError({"minimum_heat": ["Expected a whole number such as 70."]})
    return int(text)


def item(article: Article) -> dict[str, Any]:
    """Return an article as the hub does; ``for_page()`` loaded it."""
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
        # The hub ends lines as HTTP does, whatever its documents do.
        "content": article.body.replace("\n", "\r\n"),
        "type": article.type,
        "ampWebUrl": web_address(article.amp_url),
        "cdnAmpWebUrl": web_address(article.cdn_amp_url),
        "publishedDateTime": instant(article.published_at),
        "updatedDateTime": instant(article.updated_at),
        "provider": _provider(article.provider),
        "locale": article.locale,
        "categories": [article.category] if article.category else None,
        "topics": [link.topic.name for link in article.topic_links.all()] or None,
    }


def _provider(provider: Provider) -> dict[str, Any]:
    # Logos at local addresses were the hub's own files, and are not here.
    logos = [_logo(logo) for logo in provider.logos if web_address(logo["url"])]
    return {
        "name": provider.name,
        "domain": provider.domain,
        "images": logos or None,
        "publishers": None,
        "authors": None,
    }


def _logo(logo: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": logo["url"],
        "width": logo.get("width"),
        "height": logo.get("height"),
        "title": None,
        "attribution": None,
        "isCached": False,
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
