"""Functions that store valid rows for tests; a test passes only the values that matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone

from articles.migrations.frozen.roles import write_roles
from articles.models import (
    ApiToken,
    Article,
    ArticleTopic,
    Change,
    ImportRun,
    Pair,
    Related,
    SourceDocument,
    StoredImage,
    Topic,
)
from articles.roles import ROLES, Role
from articles.scoring import SUPERSEDED_HEAT, Policy, top_rank
from providers.models import Provider

NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""The default ``published_at``; it does not depend on the real clock."""
POLICY: Final = Policy()

_numbers = count(1)


def make_provider(**overrides: Any) -> Provider:
    """Store a provider."""
    number = next(_numbers)
    values = {"domain": f"paper-{number}.example", "name": f"Paper {number}"}
    return Provider.objects.create(**values | overrides)


def make_topic(name: str = "", **overrides: Any) -> Topic:
    """Store a topic."""
    return Topic.objects.create(name=name or f"Topic {next(_numbers)}", **overrides)


def make_article(*, topics: tuple[Topic, ...] = (), **overrides: Any) -> Article:
    """Store an article: published, with quality 80 by default.

    Heat and published follow from ``quality`` (None: not scored) as for an article without links,
    and from ``coverage_only`` and the decision; explicit values take precedence.
    """
    number = next(_numbers)
    values: dict[str, Any] = {
        "slug": f"2026-03-01-story-{number}",
        "title": f"Story {number}",
        "excerpt": f"What happened in story {number}.",
        "web_url": f"https://paper.example/{number}",
        "published_at": NOW - timedelta(minutes=number),
        "quality": 80,
    } | overrides
    is_scored = values["quality"] is not None and not values.get("coverage_only")
    values.setdefault("heat", values["quality"] if is_scored else None)
    is_out = values.get("decision") in {Article.Decision.HOLD, Article.Decision.WITHDRAW}
    values.setdefault(
        "published",
        not is_out and values["heat"] is not None and values["heat"] >= POLICY.threshold,
    )
    values.setdefault("stem", values["slug"])
    values.setdefault("top_rank", top_rank(values["heat"], values["published_at"]))
    if "provider" not in values:
        values["provider"] = make_provider()
    article = Article.objects.create(**values)
    for position, topic in enumerate(topics):
        ArticleTopic.objects.create(article=article, topic=topic, position=position)
    forget_changes(article)
    return article


def forget_changes(*articles: Article) -> None:
    """Pretend that readers have always seen these articles as they are now, as after an import."""
    slugs = [article.slug for article in articles]
    Change.objects.filter(slug__in=slugs).update(changed_at=None)


def relate(article: Article, *targets: Article) -> None:
    """Add ``targets`` to the related articles of ``article``, in this order, after the existing ones."""
    first = article.related_links.count()
    for position, target in enumerate(targets, first):
        Related.objects.create(article=article, target=target, position=position)


def make_superseded(lead: Article | None = None, **overrides: Any) -> Article:
    """Store an article that ``lead`` supersedes; by default the lead is a new published article."""
    article = make_article(**{"quality": 40, "heat": SUPERSEDED_HEAT} | overrides)
    relate(article, lead or make_article())
    return article


def make_pair(one: Article, other: Article, **overrides: Any) -> Pair:
    """Store a suggestion that two articles report the same event."""
    first, second = sorted((one, other), key=lambda article: article.pk)
    values = {"kind": Pair.Kind.EVENT, "score": 3.0, "reasons": [["picture"]], **overrides}
    return Pair.objects.create(first=first, second=second, **values)


def make_run(**overrides: Any) -> ImportRun:
    """Store a run of the import."""
    values = {"started_at": NOW, "finished_at": NOW + timedelta(seconds=2), "paths": ["seeds"]}
    return ImportRun.objects.create(**values | {"state": ImportRun.State.FINISHED} | overrides)


def make_source(article: Article, *, secured: str = "", **overrides: Any) -> SourceDocument:
    """Store the document of ``article``, with ``secured`` if it is given."""
    text = (
        f'---\ncategory: news\ntitle: "{article.title}"\n'
        f'publishedDateTime: 2026-03-01T12:00:00Z\nwebUrl: "{article.web_url}"\ntype: article\n\n'
        f"provider:\n  name: Paper\n  domain: {article.provider.domain}\n"
    )
    text += f'\nsecured: "{secured}"\n---\n\n' if secured else "---\n\n"
    values = {"path": f"{article.slug}.md", "digest": "0" * 64, "line_ends": "lf", "text": text}
    return SourceDocument.objects.create(article=article, **values | overrides)


def make_stored_image(**overrides: Any) -> StoredImage:
    """Store the row of an image of 640 by 360 pixels, without files."""
    values: dict[str, Any] = {
        "digest": f"{next(_numbers):064x}",
        "format": "jpeg",
        "byte_size": 100_000,
        "width": 640,
        "height": 360,
        "color": "#204060",
        "placeholder": "data:image/png;base64,AAAA",
        "renditions": [
            {"width": 320, "height": 180, "bytes": {"avif": 5, "webp": 6, "jpeg": 7}},
            {"width": 640, "height": 360, "bytes": {"avif": 15, "webp": 16, "jpeg": 17}},
        ],
        "stored_at": NOW,
    }
    return StoredImage.objects.create(**values | overrides)


def make_user(*roles: Role, **overrides: Any) -> User:
    """Store a staff user with the permissions of these roles and no others."""
    values: dict[str, Any] = {"username": f"user-{next(_numbers)}", "is_staff": True}
    user = User.objects.create_user(**values | overrides)
    if not Group.objects.filter(name=Role.VIEWER).exists():
        # Tests that use several connections empty all tables, including the table of roles.
        write_roles(ROLES)(apps)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def make_token(user: User, **overrides: Any) -> ApiToken:
    """Store an API key that expires in a day; the returned object has its ``secret``."""
    values = {"name": "A program", "expires_at": timezone.now() + timedelta(days=1)}
    token = ApiToken(user=user, **values | overrides)
    token.make_secret()
    token.save()
    return token
