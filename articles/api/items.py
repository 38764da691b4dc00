"""Articles, stories, topics and providers as ``/api/v1/`` gives them, in the documents' own words.

Texts are plain text: ``&#8217;``, which sources write for a character, is that character.
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

from articles.api.formats import featured, web_address
from articles.models import Article, Image, Topic
from articles.site.pictures import media_address
from newsroom.absolute_urls import absolute
from providers.models import Provider

MOST_COVERAGE: Final = 50
"""Reports that an item names; its story names all."""
_FORMATS: Final = ("avif", "webp", "jpeg")
"""Of the copies of an image; smallest first, as a browser is best offered them."""


class Moment(serializers.DateTimeField):
    """A moment, in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class Text(serializers.CharField):
    """A text; null where there is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_null": True, "required": False} | options)

    def to_representation(self, value: Any) -> Any:
        """Return null for nothing."""
        return value or None


class WebAddress(Text):
    """An address of the web; null where there is none, or another kind of address."""

    def to_representation(self, value: Any) -> Any:
        """Leave out what a program should not be led to."""
        return web_address(value)


class RenditionSerializer(serializers.Serializer[Any]):
    """A copy of an image; its size in pixels."""

    format = serializers.ChoiceField(choices=_FORMATS)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class FocalPointSerializer(serializers.Serializer[Any]):
    """A point of an image, in percent from the left and the top."""

    x = serializers.IntegerField(source="focal_x")
    y = serializers.IntegerField(source="focal_y")


class ImageSerializer(serializers.Serializer[Any]):
    """An image at its publisher's, and the copies of it that are kept here; sizes in pixels."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    title = serializers.CharField(allow_null=True, help_text="What it shows.")
    attribution = serializers.CharField(allow_null=True, help_text="The credit line.")
    color = serializers.CharField(
        source="stored.color",
        allow_null=True,
        default=None,
        help_text="What most of it has: #rrggbb.",
    )
    placeholder = serializers.CharField(
        source="stored.placeholder",
        allow_null=True,
        default=None,
        help_text="It as 4 by 3 pixels: a data: address.",
    )
    focalPoint = FocalPointSerializer(
        source="stored", allow_null=True, help_text="What must be seen when it is cropped."
    )
    renditions = serializers.SerializerMethodField(
        help_text="Its copies, smallest first; none before it is kept."
    )

    @extend_schema_field(RenditionSerializer(many=True))
    def get_renditions(self, image: Image) -> Any:
        """Return where its copies are."""
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
    """A logo; sizes in pixels."""

    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True, default=None)
    height = serializers.IntegerField(allow_null=True, default=None)


class ProviderNameSerializer(serializers.Serializer[Any]):
    """Who supplied an article."""

    name = serializers.CharField()
    domain = serializers.CharField(help_text="The key.")


class TopicNameSerializer(serializers.Serializer[Any]):
    """What an article is about."""

    name = serializers.CharField()
    slug = serializers.CharField(help_text="The key.")


class ReportSerializer(serializers.Serializer[Any]):
    """A report of a story."""

    slug = serializers.SerializerMethodField(
        help_text="The key where it is published itself; else null: it is shown as coverage only."
    )
    type = serializers.ChoiceField(choices=Article.Type.choices)
    title = serializers.CharField(source="headline")
    publishedDateTime = Moment(source="published_at")
    originalUrl = WebAddress(source="original_url", required=True)
    webUrl = WebAddress(source="web_url", required=True)
    provider = ProviderNameSerializer()

    @extend_schema_field({"type": ["string", "null"]})
    def get_slug(self, article: Article) -> str | None:
        """Name only what can be asked for."""
        return article.slug if article.is_published() else None


class ItemSerializer(serializers.Serializer[Any]):
    """An article. ``fields`` may leave out all but its slug."""

    slug = serializers.CharField(help_text="The key: date and headline.")
    url = serializers.SerializerMethodField(help_text="Its page here.", required=False)
    category = Text()
    type = serializers.ChoiceField(choices=Article.Type.choices, required=False)
    title = serializers.CharField(source="headline", required=False)
    excerpt = Text(source="summary")
    publishedDateTime = Moment(
        source="published_at", required=False, help_text="When its provider published it."
    )
    updatedDateTime = Moment(source="updated_at", allow_null=True, required=False)
    originalUrl = WebAddress(source="original_url")
    webUrl = WebAddress(source="web_url", help_text="null for a video.")
    ampWebUrl = WebAddress(source="amp_url")
    cdnAmpWebUrl = WebAddress(source="cdn_amp_url")
    heat = serializers.IntegerField(
        allow_null=True, required=False, help_text="How much it matters; 70 or more by the rule."
    )
    locale = serializers.CharField(required=False)
    provider = ProviderNameSerializer(required=False)
    topics = serializers.SerializerMethodField(required=False)
    images = ImageSerializer(source="shown_images", many=True, required=False)
    coverageCount = serializers.SerializerMethodField(
        required=False, help_text="Other reports of the story."
    )
    coverage = serializers.SerializerMethodField(
        required=False, help_text=f"The best {MOST_COVERAGE} of them; stories/ has all."
    )

    def __init__(self, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if only is not None:
            for name in self.fields.keys() - {"slug", *only}:
                del self.fields[name]

    def get_url(self, article: Article) -> str:
        """Return its page."""
        return absolute(self.context["request"], article.get_absolute_url())

    @extend_schema_field(TopicNameSerializer(many=True))
    def get_topics(self, article: Article) -> list[dict[str, str]]:
        """Return its topics in order."""
        topics = [link.topic for link in article.topic_links.all()]
        return [{"name": topic.name, "slug": topic.slug} for topic in topics]

    def get_coverageCount(self, article: Article) -> int:  # noqa: N802 - the API's spelling
        """Count the other reports."""
        return len(article.coverage)

    @extend_schema_field(ReportSerializer(many=True))
    def get_coverage(self, article: Article) -> Any:
        """Return the other reports, best first."""
        return ReportSerializer(article.coverage[:MOST_COVERAGE], many=True).data


class ListedSerializer(ItemSerializer):
    """An article, or that there is none any more."""

    deleted = serializers.BooleanField(
        required=False, help_text="true where readers see it no longer; asked for by updatedSince."
    )
    at = Moment(required=False, help_text="When that was noted.")


class ArticleSerializer(ItemSerializer):
    """An article with its texts."""

    content = Text(source="body", help_text="The body, as its document has it.")
    featuredContent = serializers.SerializerMethodField(
        required=False, help_text="HTML such as a video's frame, sanitized; null without any."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_featuredContent(self, article: Article) -> str | None:  # noqa: N802
        """Return it sanitized."""
        return featured(article)


class StorySerializer(serializers.Serializer[Any]):
    """A story: its lead, and all reports of it."""

    lead = ArticleSerializer()
    members = ReportSerializer(many=True, help_text="The lead first, then by rank.")
    timeline = ReportSerializer(many=True, help_text="The same, in the order of time.")


class TopicSerializer(TopicNameSerializer):
    """A topic."""

    url = serializers.SerializerMethodField(help_text="Its page here.")
    shortName = Text(source="short_name", required=True)
    parent = TopicNameSerializer(allow_null=True)
    keywords = serializers.ListField(child=serializers.CharField())
    hashtags = serializers.ListField(child=serializers.CharField())

    def get_url(self, topic: Topic) -> str:
        """Return its page."""
        return absolute(self.context["request"], reverse("articles:topic", args=[topic.slug]))


class ProviderSerializer(ProviderNameSerializer):
    """A provider."""

    url = serializers.SerializerMethodField(help_text="Its page here.")
    description = Text(required=True)
    images = serializers.SerializerMethodField(help_text="Its logos.")

    def get_url(self, provider: Provider) -> str:
        """Return its page."""
        path = reverse("articles:provider", args=[provider.domain])
        return absolute(self.context["request"], path)

    @extend_schema_field(LogoSerializer(many=True))
    def get_images(self, provider: Provider) -> Any:
        """Return the logos at addresses of the web."""
        shown = [logo for logo in provider.logos if web_address(logo["url"])]
        return LogoSerializer(shown, many=True).data


FIELDS: Final = tuple(ItemSerializer().fields)
TEXT_FIELDS: Final = tuple(ArticleSerializer().fields)


def chosen(request: Any, known: tuple[str, ...]) -> list[str] | None:
    """Return the fields that ``fields`` asks for, or None for all; raises ``ValidationError``."""
    text = request.query_params.get("fields")
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            message = f"There is no field {name[:100]!r}. There are: {', '.join(known)}."
            raise ValidationError({"fields": [message]})
    return names


def page_address(request: HttpRequest, **parameters: str) -> str:
    """Return the address that was asked for, with other parameters."""
    query = request.GET.copy()
    for name, value in parameters.items():
        query[name] = value
    return absolute(request, f"{request.path}?{query.urlencode()}")
