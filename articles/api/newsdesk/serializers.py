"""Articles, decisions and their consequences in the newsdesk API, with the same keys as
documents.

Texts are returned as editors edit them, as in the document. ``secured`` is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from articles.api.items import (
    ImageSerializer,
    Moment,
    ProviderNameSerializer,
    TopicNameSerializer,
    WebAddress,
)
from articles.api.newsdesk.bodies import TEXTS
from articles.models import ActChange, Article, Pair
from articles.newsdesk import Verb
from articles.scoring import Receipt
from articles.suggestions import Suggestion

SHOWN: Final = 100
"""The most consequences or articles in a response; a decision may affect thousands."""
PARTIES: Final = 50
"""The most related articles in each list of a receipt; some articles have thousands."""
SUGGESTED: Final = 25
"""The most suggestions of each kind in a response."""
DECISIONS: Final = {
    "quality": "quality",
    "decision": "decision",
    "decision_until": "decisionUntil",
    "is_pinned": "pinned",
    "publish_from": "publishFrom",
    "publish_until": "publishUntil",
}
"""Columns whose values the history includes, and their keys. For texts it includes only the
keys."""


class DecisionSerializer(serializers.Serializer[Any]):
    """An editor's decision, which overrides the rule."""

    decision = serializers.ChoiceField(
        choices=[one for one in Article.Decision.choices if one[0]], help_text="What it does."
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
    """Whether readers see an article, and where."""

    state = serializers.ChoiceField(choices=Article.State.choices)
    heat = serializers.IntegerField(allow_null=True)
    lead = serializers.CharField(
        allow_null=True, help_text="The slug of its lead, if it is behind one."
    )


class ConsequenceSerializer(serializers.Serializer[Any]):
    """An article whose heat, lead or visibility the decision changes."""

    slug = serializers.CharField()
    title = serializers.CharField(source="headline")
    provider = serializers.CharField(help_text="The provider's name.")
    before = StandingSerializer()
    after = StandingSerializer()
    why = serializers.CharField(
        source="receipt",
        read_only=True,
        allow_null=True,
        help_text="The new receipt; null for link-only articles.",
    )


class VersionSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    version = serializers.IntegerField()


class DoneSerializer(serializers.Serializer[Any]):
    """What a decision did, or in a preview would do."""

    act = serializers.IntegerField(
        allow_null=True, help_text="The id for acts/{id}/undo/; null in a preview."
    )
    verb = serializers.ChoiceField(choices=[(verb.value, verb.label) for verb in Verb])
    articles = VersionSerializer(
        many=True,
        help_text=f"The first {SHOWN} articles of the decision, with their new versions.",
    )
    consequences = ConsequenceSerializer(
        many=True,
        help_text=f"The first {SHOWN} articles whose heat, lead or visibility changes, hottest first.",
    )
    consequenceCount = serializers.IntegerField(help_text="The number of all such articles.")


class PartySerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    provider = serializers.CharField(source="name")
    quality = serializers.IntegerField(allow_null=True)


class LeftOutSerializer(PartySerializer):
    why = serializers.ChoiceField(
        source="absence.why", choices=["held", "withdrawn", "scheduled", "expired"]
    )
    until = Moment(source="absence.until", allow_null=True, help_text="null: not known.")


class PolicySerializer(serializers.Serializer[Any]):
    """The policy: the numbers of the rule."""

    threshold = serializers.IntegerField()
    bonus = serializers.IntegerField()
    minimum = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """How the rule computes the heat; the stored heat may come from a document."""

    heat = serializers.IntegerField(allow_null=True)
    published = serializers.BooleanField()
    policy = PolicySerializer()
    counted = PartySerializer(
        many=True, read_only=True, help_text="Related articles that earn the bonus."
    )
    supersededBy = PartySerializer(
        source="superseded_by",
        many=True,
        read_only=True,
        help_text="Related articles that outrank it.",
    )
    leftOut = LeftOutSerializer(
        source="left_out",
        many=True,
        read_only=True,
        help_text="Related articles that readers cannot see.",
    )

    def to_representation(self, receipt: Receipt) -> Any:
        names = ("counted", "superseded_by", "left_out")
        return super().to_representation(
            replace(receipt, **{name: getattr(receipt, name)[:PARTIES] for name in names})
        )


class MemberSerializer(serializers.Serializer[Any]):
    """An article and its state; the context has ``at``."""

    slug = serializers.CharField()
    version = serializers.IntegerField(help_text="For If-Match, in quotes.")
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
    """An article and its decision; load ``decided_by``."""

    decision = serializers.SerializerMethodField(help_text="null if the rule decides.")
    publishFrom = Moment(source="publish_from", allow_null=True)
    publishUntil = Moment(source="publish_until", allow_null=True)

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, article: Article) -> Any:
        return DecisionSerializer(article).data if article.decision else None


class WaitingSerializer(StoredSerializer):
    """An article in a list of the newsdesk."""

    storySize = serializers.IntegerField(
        source="story_size", help_text="The number of related articles that count for the bonus."
    )
    why = serializers.SerializerMethodField(
        help_text="Why it is in the queue; null without a queue."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_why(self, article: Article) -> str | None:
        reason: str | None = self.context["reasons"].get(article.pk)
        return reason


class DeskStorySerializer(serializers.Serializer[Any]):
    """The story of an article, including articles that readers do not see."""

    lead = serializers.CharField(
        source="lead.slug", help_text="The slug of the article that outranks the others."
    )
    members = MemberSerializer(many=True, help_text="By rank.")
    isWhole = serializers.BooleanField(
        source="is_whole", help_text="false if there are more members than these."
    )


class SuggestedSerializer(serializers.Serializer[Any]):
    """A suggested article."""

    slug = serializers.CharField(source="other.slug")
    title = serializers.CharField(source="other.headline")
    provider = serializers.CharField(source="other.provider.name", help_text="Its name.")
    score = serializers.FloatField(source="pair.score", help_text="How likely; higher is better.")
    why = serializers.ListField(child=serializers.CharField(), help_text="What they share.")
    verdict = serializers.SerializerMethodField(
        help_text="What an editor said: accepted (linked) or refused; null if nobody has."
    )

    @extend_schema_field(
        serializers.ChoiceField(
            choices=[one for one in Pair.Verdict.choices if one[0]], allow_null=True
        )
    )
    def get_verdict(self, suggestion: Suggestion) -> str | None:
        return suggestion.pair.verdict or None


class SuggestedQualitySerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField()
    why = serializers.ListField(child=serializers.CharField(), help_text="What it is made of.")


class SuggestionsSerializer(serializers.Serializer[Any]):
    """What the newsroom suggests for an article, as ``manage.py suggest`` prints it."""

    slug = serializers.CharField()
    related = SuggestedSerializer(
        many=True,
        help_text=f"Up to {SUGGESTED} that may report the same event, best first. To accept one, "
        "post its slug to relate; if it reports another event, to refuse.",
    )
    duplicates = SuggestedSerializer(
        many=True, help_text=f"Up to {SUGGESTED} that may be the same report, best first."
    )
    quality = SuggestedQualitySerializer(
        allow_null=True, help_text="null while it would not be better than the provider's mean."
    )


class HistorySerializer(serializers.Serializer[Any]):
    """A decision in the history of an article."""

    act = serializers.IntegerField(source="act_id")
    verb = serializers.ChoiceField(
        source="act.verb", choices=[(verb.value, verb.label) for verb in Verb]
    )
    at = Moment(source="act.at")
    by = serializers.CharField(
        source="act.by.username", default=None, allow_null=True, help_text="null: the system."
    )
    reason = serializers.CharField(source="act.reason")
    version = serializers.IntegerField(help_text="The version after it.")
    before = serializers.SerializerMethodField(help_text="The decided values that changed.")
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

    url = serializers.SerializerMethodField(help_text="Its page; null if readers do not see it.")
    category = serializers.CharField()
    excerpt = serializers.CharField()
    content = serializers.CharField(source="body")
    updatedDateTime = Moment(source="updated_at", allow_null=True)
    originalUrl = WebAddress(source="original_url", required=True)
    webUrl = WebAddress(source="web_url", required=True)
    locale = serializers.CharField()
    topics = TopicNameSerializer(source="shown_topics", many=True, read_only=True)
    images = ImageSerializer(source="shown_images", many=True)
    why = serializers.CharField(help_text="The heat and the decision in words.")
    receipt = ReceiptSerializer(allow_null=True, help_text="null for link-only articles.")
    allowed = serializers.ListField(
        child=serializers.CharField(), help_text="The decisions that the user may make now."
    )

    @extend_schema_field({"type": ["string", "null"]})
    def get_url(self, article: Article) -> str | None:
        return article.get_absolute_url() if article.is_published(self.context["at"]) else None
