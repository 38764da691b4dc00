"""What articles are about."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify

# Signs that carry the name: without them C, C++ and C# would be one topic.
_SIGNS: Final = str.maketrans({"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "})


@lru_cache(maxsize=4096)
def topic_key(name: str) -> str:
    """Fold a topic's name as documents write it; equal keys mean the same topic.

    Letters of every script stay. A name without any letter or digit gives an empty key.
    """
    return slugify(name.translate(_SIGNS), allow_unicode=True)[:200]


class Topic(models.Model):
    """A subject, maybe under another: Computer Vision under AI."""

    key = models.CharField(
        max_length=200,
        unique=True,
        editable=False,
        help_text="The name as documents give it, folded: how a document finds its topic, "
        "whatever editors rename it to.",
    )
    name = models.CharField(max_length=1000, help_text="As readers see it.")
    slug = models.SlugField(
        max_length=200, unique=True, allow_unicode=True, help_text="Its part of the address."
    )
    short_name = models.CharField(max_length=1000, blank=True, help_text="For narrow places.")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    keywords = models.JSONField(default=list, blank=True)
    hashtags = models.JSONField(default=list, blank=True)
    source = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="What imports last said, so that an editor's change can be told from theirs.",
    )

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
        """Return a topic made by hand the key and slug of its name."""
        self.key = self.key or topic_key(self.name)
        self.slug = self.slug or self.key
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        """Refuse a parent below the topic itself, and lists that are not lists of words."""
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": f"{self.parent} is itself below {self}."})
            seen.add(above.pk)
            above = above.parent
        for name in ("keywords", "hashtags"):
            words = getattr(self, name)
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                message = 'Expected a list of words such as ["one", "two"], or [] for none.'
                raise ValidationError({name: message})


class ArticleTopic(models.Model):
    """A topic's place among an article's topics."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="topic_links", db_index=False
    )
    topic = models.ForeignKey(
        Topic, on_delete=models.PROTECT, related_name="article_links", db_index=False
    )
    position = models.PositiveSmallIntegerField(help_text="0 for the first.")
    published_at = models.DateTimeField(
        editable=False, help_text="The article's, so that one index has a topic's newest."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "topic"], name="article_topic_once"),
        ]
        indexes = [
            # A topic's articles, newest first: without the time here it would take every article
            # of the topic to find fifty.
            models.Index(fields=["topic", "-published_at", "-article"], name="topic_newest"),
        ]

    def __str__(self) -> str:
        return str(self.topic)

    def save(self, *args: object, **kwargs: object) -> None:
        """Take over the article's time."""
        self.published_at = self.article.published_at
        super().save(*args, **kwargs)  # type: ignore[arg-type]
