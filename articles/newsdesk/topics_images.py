"""Read and replace the topics and images of articles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from articles.documents.marks import IMAGE_FIELDS
from articles.models import Article, ArticleTopic, Image, ImageFetch, Topic
from articles.newsdesk.changes import Change, ImageValues, RefusedError, Verb
from articles.newsdesk.verbs import permissions_of, refusal
from newsroom import bulk
from newsroom.plain_text import without_controls

Lists = dict[int, dict[str, list[Any]]]

_URL: Final = IMAGE_FIELDS.index("url")


def describe_image(article: Article, position: int, **texts: str) -> Change:
    """Change ``title`` or ``attribution`` of the image at ``position`` (0 is the first).

    One query. Raise ``RefusedError`` if there is no such image.
    """
    if words := refusal(Verb.EDIT, article):
        raise RefusedError(words)
    images = images_of([article.pk])[article.pk]
    if not 0 <= position < len(images):
        raise RefusedError(f"{article.slug} no longer has this image.")
    texts = {name: without_controls(text) for name, text in texts.items()}
    said = dict(zip(IMAGE_FIELDS, images[position], strict=True))
    # In a document, a missing text is not the same as an empty one.
    changed = {name: text or None for name, text in texts.items() if (said[name] or "") != text}
    if not changed:
        raise RefusedError("The image already has that text.")
    images[position] = list((said | changed).values())
    return Change(
        Verb.EDIT,
        permissions_of(Verb.EDIT, article),
        {article.pk: article.version},
        images={article.pk: images},
    )


def replace_lists(change: Change) -> Lists:
    """Write the topics and images of a change, and return the previous ones by article and name.

    Deleted topics are left out. Up to three queries for topics, and four for images.
    """
    before: Lists = defaultdict(dict)
    for pk, topics in topics_of(change.topics).items():
        before[pk]["topics"] = topics
    for pk, images in images_of(change.images).items():
        before[pk]["images"] = images
    _write_topics(change.topics)
    _write_images(change.images)
    return before


def topics_of(article_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of articles' topics, in order. One query, or none if there are no articles."""
    found: dict[int, list[int]] = {pk: [] for pk in article_ids}
    if found:
        links = ArticleTopic.objects.filter(article__in=found).order_by("article", "position")
        for article_id, topic_id in links.values_list("article_id", "topic_id"):
            found[article_id].append(topic_id)
    return found


def images_of(article_ids: Iterable[int]) -> dict[int, list[list[Any]]]:
    """Return articles' images as values of ``IMAGE_FIELDS``.

    One query, or none if there are no articles.
    """
    found: dict[int, list[list[Any]]] = {pk: [] for pk in article_ids}
    if found:
        images = Image.objects.filter(article__in=found).order_by("article", "position")
        for article_id, *values in images.values_list("article_id", *IMAGE_FIELDS):
            found[article_id].append(values)
    return found


def _write_topics(wanted: Mapping[int, Sequence[int]]) -> None:
    if not wanted:
        return
    ids = {topic for topics in wanted.values() for topic in topics}
    known = set(Topic.objects.filter(pk__in=ids).values_list("pk", flat=True))
    times = dict(Article.objects.filter(pk__in=wanted).values_list("pk", "published_at"))
    ArticleTopic.objects.filter(article__in=wanted).delete()
    bulk.insert(
        ArticleTopic,
        ("article_id", "topic_id", "position", "published_at"),
        [
            (pk, topic, position, times[pk])
            for pk, topics in wanted.items()
            for position, topic in enumerate(topic for topic in topics if topic in known)
        ],
    )


def _write_images(wanted: Mapping[int, Sequence[ImageValues]]) -> None:
    if not wanted:
        return
    kept = ImageFetch.objects.kept(
        str(values[_URL]) for images in wanted.values() for values in images
    )
    Image.objects.filter(article__in=wanted).delete()
    bulk.insert(
        Image,
        ("article_id", "position", *IMAGE_FIELDS, "stored_id"),
        [
            (pk, position, *values, kept.get(str(values[_URL])))
            for pk, images in wanted.items()
            for position, values in enumerate(images)
        ],
    )
