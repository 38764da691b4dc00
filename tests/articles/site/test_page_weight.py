"""The size of public pages."""

from __future__ import annotations

from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import pytest
from django.core.management import call_command
from django.test import Client

from articles.models import Article, Image, Related
from articles.site.views import COVERAGE, PAGE_SIZE
from tests.factories import make_stored_image, relate

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LIMIT: Final = 60 * 1024
"""The size limit of an HTML page, in bytes before compression."""
REPORTS: Final = 5


CAPTION: Final = "What a picture shows, in as many words as anybody writes about one " * 2


def show_picture(article: Article) -> None:
    """Store a picture of an article in all widths, with a long title and credit."""
    widths = (320, 640, 960, 1280)
    sizes = {"avif": 10_000, "webp": 10_000, "jpeg": 10_000}
    stored = make_stored_image(
        digest=sha256(article.slug.encode()).hexdigest(),
        width=1280,
        height=720,
        placeholder="data:image/png;base64," + "A" * 160,
        renditions=[{"width": w, "height": w * 9 // 16, "bytes": sizes} for w in widths],
    )
    Image.objects.create(
        article=article, position=0, url="https://a.example/1.jpg", title=CAPTION, stored=stored
    )


def read(client: Client, address: str) -> str:
    """Return a page, which must exist and be small."""
    response = client.get(address)
    assert response.status_code == 200
    assert len(response.content) < LIMIT, address
    return response.content.decode()


def test_no_page_is_heavy(client: Client, tmp_path: Path) -> None:
    call_command("generate_seeds", tmp_path, count=150, seed=5)
    call_command("import_seeds", tmp_path, verbosity=0)
    leads = list(Article.objects.published().by_rank()[:PAGE_SIZE])
    leads += Article.objects.exclude(pk__in=[one.pk for one in leads])[: PAGE_SIZE - len(leads)]
    others = list(Article.objects.exclude(pk__in=[one.pk for one in leads]).order_by("pk"))
    Related.objects.all().delete()
    Article.objects.update(published=False)
    Article.objects.filter(pk__in=[one.pk for one in leads]).update(published=True)
    rest = cycle(others)
    Image.objects.all().delete()
    for lead in leads:
        relate(lead, *islice(rest, REPORTS))
        show_picture(lead)

    for address in ("/", "/latest/", "/search/?since=2000-01-01"):
        html = read(client, address)
        assert html.count("<article") == html.count("More coverage") == PAGE_SIZE
        assert html.count('alt="What a picture') == PAGE_SIZE
    for address in ("/topics/", "/providers/"):
        read(client, address)
    read(client, f"/topics/{leads[0].topics.all()[0].slug}/")
    read(client, f"/providers/{leads[0].provider.domain}/")

    # Add every other report again under another URL.
    clones = [
        Article(
            slug=f"{one.slug}-again-{number}",
            stem=one.stem,
            coverage_only=True,
            title=one.title,
            web_url=f"{one.url}-{number}",
            published_at=one.published_at,
            provider_id=one.provider_id,
        )
        for number, one in zip(range(300), cycle(others))
    ]
    relate(leads[0], *Article.objects.bulk_create(clones))
    html = read(client, f"/news/{leads[0].slug}/")
    assert html.partition('id="coverage"')[2].partition("</ol>")[0].count("<li>") == COVERAGE
    assert "reports not shown" in html
    read(client, f"/news/{leads[0].slug}/?part=6")
