"""Serializers of ``/api/v1/``: articles, stories, topics and providers, with the same keys as
documents.

Texts are plain text: entities in sources, like ``&#8217;``, are decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from articles.models import Article, Image, Topic
from articles.site.pictures import media_address
from newsroom.absolute_urls import absolute
from newsroom.sanitizing import clean
from newsroom.web_url import is_web_url
from providers.models import Provider

MOST_COVERAGE: Final = 50
"""How many reports an item lists; its story lists all of them."""
_FORMATS: Final = ("avif", "webp", "jpeg")
"""Formats of an image's copies, smallest first. Browsers should try them in this order."""


def web_address(url: str) -> str | None:
    """Return the URL if it is a safe http(s) URL, otherwise None (for example if it contains
    code).
    """
    return url if is_web_url(url) else None


class Moment(serializers.DateTimeField):
    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class Text(serializers.CharField):
    """A text; null if it is blank."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_null": True, "required": False} | options)

    def to_representation(self, value: Any) -> Any:
        return value or None


class WebAddress(Text):
    """A safe http(s) URL; null for anything else."""

    def to_representation(self, value: Any) -> Any:
        return web_address(value)


class Html(Text):
    """Sanitized HTML, with the frames of players."""

    def to_representation(self, value: Any) -> Any:
        return clean(value) or None


class RenditionSerializer(serializers.Serializer[Any]):
    """A copy of an image. Sizes are in pixels."""

    format = serializers.ChoiceField(choices=_FORMATS)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class FocalPointSerializer(serializers.Serializer[Any]):
    """A point of an image, in percent from the left and from the top."""

    x = serializers.IntegerField(source="focal_x")
    y = serializers.IntegerField(source="focal_y")


class ImageSerializer(serializers.Serializer[Any]):
    """An image at its publisher, and the copies stored here. Sizes are in pixels."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    title = serializers.CharField(allow_null=True, help_text="What the image shows.")
    attribution = serializers.CharField(allow_null=True, help_text="The credit line.")
    color = serializers.CharField(
        source="stored.color",
        allow_null=True,
        default=None,
        help_text="The dominant color, #rrggbb.",
    )
    placeholder = serializers.CharField(
        source="stored.placeholder",
        allow_null=True,
        default=None,
        help_text="The image at 4 by 3 pixels, as a data: URL.",
    )
    focalPoint = FocalPointSerializer(
        source="stored",
        allow_null=True,
        help_text="The point to keep visible when the image is cropped.",
    )
    renditions = serializers.SerializerMethodField(
        help_text="Copies of the image, smallest first. Empty until it is stored."
    )

    @extend_schema_field(RenditionSerializer(many=True))
    def get_renditions(self, image: Image) -> Any:
        stored = image.stored
        if stored is None:
            return []
        request = self.context["request"]
        return [
            {
                "format": kind,
                "width": copy["width"],
                "height": copy["height"],
                "bytes": copy["bytes"][kind],
                "url": media_address(request, stored.url_of(copy, kind)),
            }
            for copy in stored.copies
            for kind in _FORMATS
        ]


class LogoSerializer(serializers.Serializer[Any]):
    """A logo. Sizes are in pixels."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True, default=None)
    height = serializers.IntegerField(allow_null=True, default=None)


class ProviderNameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    domain = serializers.CharField(help_text="The key.")


class TopicNameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    slug = serializers.CharField(help_text="The key.")


class ReportSerializer(serializers.Serializer[Any]):
    slug = serializers.SerializerMethodField(
        help_text="The key of a published article; null for a report shown only as coverage."
    )
    type = serializers.ChoiceField(choices=Article.Type.choices)
    title = serializers.CharField(source="headline")
    publishedDateTime = Moment(source="published_at")
    originalUrl = WebAddress(source="original_url", required=True)
    webUrl = WebAddress(source="web_url", required=True)
    provider = ProviderNameSerializer()

    @extend_schema_field({"type": ["string", "null"]})
    def get_slug(self, article: Article) -> str | None:
        return article.slug if article.is_published() else None


class ItemSerializer(serializers.Serializer[Any]):
    """An article. With ``fields``, only those and the slug."""

    slug = serializers.CharField(help_text="The key, made of date and headline.")
    url = serializers.SerializerMethodField(help_text="The page on this site.", required=False)
    category = Text()
    type = serializers.ChoiceField(choices=Article.Type.choices, required=False)
    title = serializers.CharField(source="headline", required=False)
    excerpt = Text(source="summary")
    publishedDateTime = Moment(
        source="published_at", required=False, help_text="When the provider published it."
    )
    updatedDateTime = Moment(source="updated_at", allow_null=True, required=False)
    originalUrl = WebAddress(source="original_url")
    webUrl = WebAddress(source="web_url", help_text="null for a video.")
    ampWebUrl = WebAddress(source="amp_url")
    cdnAmpWebUrl = WebAddress(source="cdn_amp_url")
    heat = serializers.IntegerField(
        allow_null=True,
        required=False,
        help_text="How important it is. By default 70 or more is published.",
    )
    locale = serializers.CharField(required=False)
    provider = ProviderNameSerializer(required=False)
    topics = TopicNameSerializer(source="shown_topics", many=True, read_only=True)
    images = ImageSerializer(source="shown_images", many=True, required=False)
    coverageCount = serializers.SerializerMethodField(
        required=False, help_text="Number of other reports in the story."
    )
    coverage = serializers.SerializerMethodField(
        required=False,
        help_text=f"The best {MOST_COVERAGE} other reports; stories/ lists them all.",
    )

    def __init__(self, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if only is not None:
            for name in self.fields.keys() - {"slug", *only}:
                del self.fields[name]

    def get_url(self, article: Article) -> str:
        return absolute(self.context["request"], article.get_absolute_url())

    def get_coverageCount(self, article: Article) -> int:  # noqa: N802 - the API's spelling
        return len(article.coverage)

    @extend_schema_field(ReportSerializer(many=True))
    def get_coverage(self, article: Article) -> Any:
        return ReportSerializer(article.coverage[:MOST_COVERAGE], many=True).data


class ListedSerializer(ItemSerializer):
    """An article, or with updatedSince a note that it is gone."""

    deleted = serializers.BooleanField(
        required=False, help_text="true if readers no longer see it. Only with updatedSince."
    )
    at = Moment(required=False, help_text="When it was removed.")


class ArticleSerializer(ItemSerializer):
    content = Text(source="body", help_text="The body, as in the document.")
    featuredContent = Html(
        source="featured_content",
        read_only=True,
        help_text="Sanitized HTML, often a video player; or null.",
    )


class StorySerializer(serializers.Serializer[Any]):
    """A story: its lead and all its reports."""

    lead = ArticleSerializer()
    members = ReportSerializer(many=True, help_text="The lead first, then by rank.")
    timeline = ReportSerializer(many=True, help_text="The same reports by time, oldest first.")


class TopicSerializer(TopicNameSerializer):
    url = serializers.SerializerMethodField(help_text="The page on this site.")
    shortName = Text(source="short_name", required=True)
    parent = TopicNameSerializer(allow_null=True)
    keywords = serializers.ListField(child=serializers.CharField())
    hashtags = serializers.ListField(child=serializers.CharField())

    def get_url(self, topic: Topic) -> str:
        return absolute(self.context["request"], reverse("articles:topic", args=[topic.slug]))


class ProviderSerializer(ProviderNameSerializer):
    url = serializers.SerializerMethodField(help_text="The page on this site.")
    description = Text(required=True)
    images = serializers.SerializerMethodField(help_text="Logos.")

    def get_url(self, provider: Provider) -> str:
        path = reverse("articles:provider", args=[provider.domain])
        return absolute(self.context["request"], path)

    @extend_schema_field(LogoSerializer(many=True))
    def get_images(self, provider: Provider) -> Any:
        shown = [logo for logo in provider.logos if web_address(logo["url"])]
        return LogoSerializer(shown, many=True).data


FIELDS: Final = tuple(ItemSerializer().fields)
TEXT_FIELDS: Final = tuple(ArticleSerializer().fields)


def chosen(request: Any, known: tuple[str, ...]) -> list[str] | None:
    """Return the names in the parameter ``fields``, or None for all.

    Raise ``ValidationError`` if invalid.
    """
    text = request.query_params.get("fields")
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            message = f"Unknown field {name[:100]!r}. Known fields: {', '.join(known)}."
            raise ValidationError({"fields": [message]})
    return names


def page_address(request: HttpRequest, **parameters: str) -> str:
    """Return the requested URL with some parameters replaced."""
    query = request.GET.copy()
    for name, value in parameters.items():
        query[name] = value
    return absolute(request, f"{request.path}?{query.urlencode()}")
