"""Topics of articles."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q

from articles.documents import topic_key
from newsroom.plain_text import is_visible, without_controls
from newsroom.stored_words import WithWords, WordsField, WordsQuerySet


class TopicQuerySet(WordsQuerySet["Topic"]):
    def called(self, *slugs: str) -> Self:
        """Keep the topics that have, or had, one of these slugs."""
        former = FormerTopicSlug.objects.filter(slug__in=slugs).values("topic")
        return self.filter(Q(slug__in=slugs) | Q(pk__in=former))


class Topic(WithWords):
    """A subject, which may be part of another: Computer Vision is part of AI."""

    key = models.CharField(
        max_length=200,
        unique=True,
        editable=False,
        help_text="The folded name. Documents find the topic by it, even after it was renamed.",
    )
    name = models.CharField(max_length=1000, help_text="Readers see this name.")
    name_words = WordsField(
        of="name", null=True, editable=False, help_text="The words of its name, for search."
    )
    slug = models.SlugField(
        max_length=200,
        unique=True,
        allow_unicode=True,
        help_text="The last part of the page's address.",
    )
    short_name = models.CharField(
        max_length=1000, blank=True, help_text="For narrow screens and lists."
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    keywords = models.JSONField(default=list, blank=True)
    hashtags = models.JSONField(default=list, blank=True)
    source = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="The values of the last import, to recognize what editors changed.",
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="topic_is_not_its_own_parent",
                condition=~models.Q(parent=models.F("pk")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Save it; a new topic gets key and slug from its name, and a former slug is kept."""
        self.key = self.key or topic_key(self.name)
        self.slug = self.slug or self.key
        with transaction.atomic():
            if not self._state.adding:
                FormerTopicSlug.keep(self)
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Reject a parent below the topic itself, an invisible name, and lists of anything but words."""
        if self.name and not is_visible(self.name):
            raise ValidationError({"name": "Enter a name that readers can see."})
        self.name = without_controls(self.name)
        self.short_name = without_controls(self.short_name)
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": f"{self.parent} is itself below {self}."})
            seen.add(above.pk)
            above = above.parent
        for name in ("keywords", "hashtags"):
            words = getattr(self, name)
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                message = 'Enter a list of words, for example ["one", "two"], or [] for none.'
                raise ValidationError({name: message})

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Reject another topic's former slug as well."""
        super().validate_unique(exclude)
        former = FormerTopicSlug.objects.filter(slug=self.slug).exclude(topic=self.pk)
        if kept := former.select_related("topic").first():
            message = f"This slug leads to the topic {kept.topic}, which had it before."
            raise ValidationError({"slug": message})


class FormerTopicSlug(models.Model):
    """A former slug of a topic: its URLs redirect permanently, and no other topic gets it."""

    slug = models.CharField(max_length=200, primary_key=True)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return self.slug

    @staticmethod
    def keep(topic: Topic) -> None:
        """Store the former slug of a topic that is about to be saved with another one."""
        stored = Topic.objects.filter(pk=topic.pk).exclude(slug=topic.slug)
        for slug in stored.values_list("slug", flat=True):
            FormerTopicSlug.objects.filter(slug=topic.slug, topic=topic).delete()
            FormerTopicSlug.objects.create(slug=slug, topic=topic)


class ArticleTopic(models.Model):
    """A topic of an article and its position among the article's topics."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="topic_links", db_index=False
    )
    topic = models.ForeignKey(
        Topic, on_delete=models.PROTECT, related_name="article_links", db_index=False
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")
    published_at = models.DateTimeField(
        editable=False,
        help_text="Copied from the article, so that one index finds the newest of a topic.",
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "topic"], name="article_topic_once"),
        ]
        indexes = [
            # A topic's articles, newest first. Without the time, the database would read all
            # articles of a topic to find fifty.
            models.Index(fields=["topic", "-published_at", "-article"], name="topic_newest"),
        ]

    def __str__(self) -> str:
        return str(self.topic)

    def save(self, *args: object, **kwargs: object) -> None:
        self.published_at = self.article.published_at
        super().save(*args, **kwargs)  # type: ignore[arg-type]
