"""Articles, decisions and their consequences in the newsdesk's API, with the names of documents.

Texts are in the form that editors edit. Nothing here has a document's ``secured``.
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from articles import newsdesk
from articles.api.items import (
    ImageSerializer,
    Moment,
    ProviderNameSerializer,
    TopicNameSerializer,
    WebAddress,
)
from articles.api.newsdesk.bodies import TEXTS
from articles.models import ActChange, Article
from articles.newsdesk import Verb
from articles.scoring import Contender, Receipt
from newsroom.iso_dates import iso

SHOWN: Final = 100
"""Consequences or articles in a response; a decision on many articles has thousands."""
PARTIES: Final = 50
"""Related articles in a receipt; some articles have thousands."""
DECISIONS: Final = {
    "quality": "quality",
    "decision": "decision",
    "decision_until": "decisionUntil",
    "is_pinned": "pinned",
    "publish_from": "publishFrom",
    "publish_until": "publishUntil",
}
"""Columns whose values the history shows, by name; for texts it only shows which changed."""


class DecisionSerializer(serializers.Serializer[Any]):
    """An editor's decision that overrides the rule."""

    decision = serializers.ChoiceField(
        choices=[one for one in Article.Decision.choices if one[0]], help_text="What."
    )
    until = Moment(source="decision_until", allow_null=True, help_text="null: no end.")
    reason = serializers.CharField(source="decision_reason")
    by = serializers.CharField(
        source="decided_by.username",
        default=None,
        allow_null=True,
        help_text="null: a command, or a deleted account.",
    )
    at = Moment(source="decided_at", allow_null=True)


class StandingSerializer(serializers.Serializer[Any]):
    """An article's state for readers."""

    state = serializers.ChoiceField(choices=Article.State.choices)
    heat = serializers.IntegerField(allow_null=True)
    lead = serializers.CharField(
        allow_null=True, help_text="The slug of a superseded article's lead."
    )


class ConsequenceSerializer(serializers.Serializer[Any]):
    """An article whose heat, lead or visibility a decision changes."""

    slug = serializers.CharField()
    title = serializers.CharField(source="headline")
    provider = serializers.CharField(help_text="Its name.")
    before = StandingSerializer()
    after = StandingSerializer()
    why = serializers.SerializerMethodField(
        help_text="The receipt afterward; null for link-only articles."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_why(self, one: newsdesk.Consequence) -> str | None:
        return str(one.receipt) if one.receipt else None


class VersionSerializer(serializers.Serializer[Any]):
    """An article and its version."""

    slug = serializers.CharField()
    version = serializers.IntegerField()


class DoneSerializer(serializers.Serializer[Any]):
    """The effects of a decision, or of its preview."""

    act = serializers.IntegerField(
        allow_null=True, help_text="The id for acts/{id}/undo/; null for a preview."
    )
    verb = serializers.ChoiceField(choices=[(verb.value, verb.label) for verb in Verb])
    articles = VersionSerializer(
        many=True,
        help_text=f"The first {SHOWN} that it is about, with their versions now.",
    )
    consequences = ConsequenceSerializer(
        many=True,
        help_text=f"The first {SHOWN} whose heat, lead or visibility it changes, hottest first.",
    )
    consequenceCount = serializers.IntegerField(help_text="The total number.")


class PartySerializer(serializers.Serializer[Any]):
    """A related article in a receipt."""

    slug = serializers.CharField()
    provider = serializers.CharField(source="name")
    quality = serializers.IntegerField(allow_null=True)


class PolicySerializer(serializers.Serializer[Any]):
    """The numbers of the rule."""

    threshold = serializers.IntegerField()
    bonus = serializers.IntegerField()
    minimum = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """How the rule computes a heat; the stored one may come from a document."""

    heat = serializers.IntegerField(allow_null=True)
    published = serializers.BooleanField()
    policy = PolicySerializer()
    counted = serializers.SerializerMethodField(help_text="Related articles that earn the bonus.")
    supersededBy = serializers.SerializerMethodField(help_text="Related articles that outrank it.")
    leftOut = serializers.SerializerMethodField(
        help_text="Related articles that are held or withdrawn."
    )

    @extend_schema_field(PartySerializer(many=True))
    def get_counted(self, receipt: Receipt) -> Any:
        return _parties(receipt.counted)

    @extend_schema_field(PartySerializer(many=True))
    def get_supersededBy(self, receipt: Receipt) -> Any:  # noqa: N802 - the API's spelling
        return _parties(receipt.superseded_by)

    @extend_schema_field(PartySerializer(many=True))
    def get_leftOut(self, receipt: Receipt) -> Any:  # noqa: N802
        return _parties(receipt.left_out)


def _parties(contenders: tuple[Contender, ...]) -> Any:
    return PartySerializer(contenders[:PARTIES], many=True).data


class MemberSerializer(serializers.Serializer[Any]):
    """An article and its state; ``at`` is in the context."""

    slug = serializers.CharField()
    version = serializers.IntegerField(help_text="The version for If-Match, in quotes.")
    type = serializers.ChoiceField(choices=Article.Type.choices)
    title = serializers.CharField()
    provider = ProviderNameSerializer()
    publishedDateTime = Moment(source="published_at")
    state = serializers.SerializerMethodField()
    quality = serializers.IntegerField(allow_null=True)
    heat = serializers.IntegerField(allow_null=True)
    pinned = serializers.BooleanField(source="is_pinned")

    @extend_schema_field(serializers.ChoiceField(choices=Article.State.choices))
    def get_state(self, article: Article) -> str:
        return article.state_at(self.context["at"]).value


class StoredSerializer(MemberSerializer):
    """An article with its decision; load ``decided_by``."""

    decision = serializers.SerializerMethodField(help_text="null: the rule decides.")
    publishFrom = Moment(source="publish_from", allow_null=True)
    publishUntil = Moment(source="publish_until", allow_null=True)

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, article: Article) -> Any:
        return DecisionSerializer(article).data if article.decision else None


class WaitingSerializer(StoredSerializer):
    """An article in a list of the newsdesk."""

    storySize = serializers.IntegerField(
        source="story_size", help_text="Number of related articles that count for the bonus."
    )
    why = serializers.SerializerMethodField(
        help_text="Why it waits in the queue; null without a queue."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_why(self, article: Article) -> str | None:
        reason: str | None = self.context["reasons"].get(article.pk)
        return reason


class DeskStorySerializer(serializers.Serializer[Any]):
    """The story that an article belongs to, whatever readers see of it."""

    lead = serializers.CharField(source="lead.slug", help_text="The slug of the lead.")
    members = MemberSerializer(many=True, help_text="By rank.")
    isWhole = serializers.BooleanField(
        source="is_whole", help_text="Whether all members are listed."
    )


class HistorySerializer(serializers.Serializer[Any]):
    """The effect of a decision on an article."""

    act = serializers.IntegerField(source="act_id")
    verb = serializers.ChoiceField(
        source="act.verb", choices=[(verb.value, verb.label) for verb in Verb]
    )
    at = Moment(source="act.at")
    by = serializers.CharField(
        source="act.by.username", default=None, allow_null=True, help_text="null: the system."
    )
    reason = serializers.CharField(source="act.reason")
    version = serializers.IntegerField(help_text="The article's afterward.")
    before = serializers.SerializerMethodField(help_text="What the decision changed.")
    after = serializers.SerializerMethodField()
    texts = serializers.SerializerMethodField(help_text="The texts that changed.")
    heatBefore = serializers.IntegerField(source="heat_before", allow_null=True)
    heatAfter = serializers.IntegerField(source="heat_after", allow_null=True)
    publishedBefore = serializers.BooleanField(source="published_before")
    publishedAfter = serializers.BooleanField(source="published_after")

    def get_before(self, row: ActChange) -> dict[str, Any]:
        return _values(row.before)

    def get_after(self, row: ActChange) -> dict[str, Any]:
        return _values(row.after)

    def get_texts(self, row: ActChange) -> list[str]:
        return [name for name, column in TEXTS.items() if column in row.after]


def _values(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored[column] for column, name in DECISIONS.items() if column in stored}


class DeskArticleSerializer(StoredSerializer):
    """An article for its editor."""

    url = serializers.SerializerMethodField(help_text="Its public page, if any.")
    category = serializers.CharField()
    excerpt = serializers.CharField()
    content = serializers.CharField(source="body")
    updatedDateTime = Moment(source="updated_at", allow_null=True)
    originalUrl = WebAddress(source="original_url", required=True)
    webUrl = WebAddress(source="web_url", required=True)
    locale = serializers.CharField()
    topics = serializers.SerializerMethodField()
    images = ImageSerializer(source="shown_images", many=True)
    why = serializers.CharField(help_text="Its heat and decision, explained in words.")
    receipt = ReceiptSerializer(allow_null=True, help_text="null for link-only articles.")
    allowed = serializers.ListField(
        child=serializers.CharField(), help_text="The decisions that the user may make on it now."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_url(self, article: Article) -> str | None:
        return article.get_absolute_url() if article.is_published(self.context["at"]) else None

    @extend_schema_field(TopicNameSerializer(many=True))
    def get_topics(self, article: Article) -> list[dict[str, str]]:
        topics = [link.topic for link in article.topic_links.all()]
        return [{"name": topic.name, "slug": topic.slug} for topic in topics]


def act_since(row: ActChange) -> dict[str, Any]:
    """Return a decision for the error of a stale request; load ``act__by``."""
    act = row.act
    return {
        "act": act.pk,
        "verb": act.verb,
        "at": iso(act.at),
        "by": act.by.get_username() if act.by else None,
        "reason": act.reason,
        "version": row.version,
    }
