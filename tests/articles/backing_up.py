"""Fill, write to and describe a newsroom in a separate process: ``backing_up DO [ARGUMENT…]``.

The writer keeps counts that tell whether a backup shows the newsroom at one moment.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import django

LATER = timedelta(days=300)


def main(do: str, *arguments: str) -> None:
    """Do it, and print what it returns as JSON."""
    django.setup()
    known: dict[str, Callable[..., Any]] = {"fill": fill, "write": write, "describe": describe}
    found = known[do](*arguments)
    sys.stdout.write(json.dumps(found))


def fill() -> str:
    """Store something in most tables, and return the address at which a follower goes on."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import Client
    from django.utils import timezone

    from articles.models import Topic
    from articles.roles import ROLES
    from articles.tasks import find_images
    from tests.factories import make_article, make_source, make_token, make_topic, make_user, relate

    topic = make_topic("Märkte", source={"b": 1, "a": [1e20, 0.1, None, "ü\u2028"]})
    Topic.objects.filter(pk=topic.pk).update(keywords=[], hashtags=["#x"])
    lead = make_article(slug="lead", topics=(topic,), excerpt="Zeile\n\\N\t\"'\u2603")
    make_source(lead)
    relate(lead, make_article(slug="report", publish_until=timezone.now() + LATER))
    make_article(slug="gone").delete()
    make_token(make_user(next(iter(ROLES))))
    SessionStore().save()
    find_images.enqueue()
    make_picture(0)
    page = Client().get("/api/v1/news/", {"updatedSince": ""}, headers={"host": "localhost"})
    return str(page.json()["next"])


def make_picture(number: int) -> Any:
    """Store an image with small files, whose contents follow from their names."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from tests.factories import make_stored_image

    image = make_stored_image(digest=sha256(str(number).encode()).hexdigest())
    for name in image.names():
        default_storage.save(name, ContentFile(name.encode()))
    return image


def write(stop: str, seed: str = "0") -> int:
    """Write until the file ``stop`` exists; return how many transactions were committed.

    The transaction ``n`` stores article ``n``, and notes ``n`` in another one.
    """
    from django.core.files.storage import default_storage
    from django.db import transaction

    from articles.models import Article, StoredImage
    from newsroom import bulk
    from providers.models import Provider
    from tests.factories import make_article

    rng = random.Random(seed)
    # Numbers of factories begin again in each process.
    provider = Provider.objects.first()
    counter = make_article(slug="counter", quality=0, excerpt="-1", provider=provider)
    count = 0
    while not Path(stop).exists():
        with transaction.atomic():
            bulk.hold_write_lock()
            article = make_article(
                slug=f"no-{count}", quality=rng.randrange(100), provider=provider
            )
            Article.objects.filter(pk=counter.pk).update(quality=count % 1000, excerpt=str(count))
            if rng.random() < 0.3:
                image = make_picture(count + 1)
                article.images.create(position=0, url="https://a.example/1.jpg", stored=image)
        count += 1
        if rng.random() < 0.1 and (pruned := StoredImage.objects.exclude(images=None).first()):
            with transaction.atomic():
                bulk.hold_write_lock()
                pruned.images.all().delete()
                pruned.delete()
            for name in pruned.names():
                default_storage.delete(name)
    return count


def describe(follower: str = "") -> dict[str, Any]:
    """Return the rows of all tables as Django reads them, the files, and what others are told."""
    from django.apps import apps
    from django.core.files.storage import default_storage
    from django.test import Client

    from articles.models import Article, StoredImage
    from articles.newsdesk import integrity
    from providers.models import Provider
    from tests.factories import make_article, make_provider

    rows = {
        model.__name__: [repr(row) for row in model._default_manager.order_by("pk").values_list()]
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    counter = Article.objects.filter(slug="counter").first()
    numbers = sorted(
        int(slug.removeprefix("no-"))
        for slug in Article.objects.filter(slug__startswith="no-").values_list("slug", flat=True)
    )
    names = [name for image in StoredImage.objects.all() for name in image.names()]
    there = [name for name in names if default_storage.exists(name)]
    contents = [default_storage.open(name).read().decode() for name in there]
    client = Client(headers={"host": "localhost"})
    return {
        "rows": rows,
        "is_one_moment": counter is None or numbers == list(range(int(counter.excerpt) + 1)),
        "files": len(there),
        "missing": len(names) - len(there),
        "are_files_equal": contents == there,
        "follower": client.get(follower).status_code if follower else 0,
        "found": Article.objects.search("Zeile").count(),
        "errors": [str(one) for one in integrity.findings() if one.is_error],
        "next_id": make_article(
            slug=f"next-{Article.objects.count()}",
            provider=Provider.objects.first() or make_provider(),
        ).pk,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
