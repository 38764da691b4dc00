"""Logos of providers that readers see are stored in the same way as images of articles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from articles.images.keeping import keep, preview
from articles.images.pruning import prune
from articles.models import ImageFetch, Logo, StoredImage
from articles.newsdesk import integrity
from providers.models import Provider
from tests.articles.images.samples import different, picture
from tests.articles.images.server import Server
from tests.factories import NOW, make_article, make_provider, make_superseded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

AT = NOW + timedelta(days=1)


def make_paper(server: Server, path: str, data: bytes) -> Provider:
    """Store a provider with a logo on the server and a published article."""
    url = server.put(path, data)
    provider = make_provider(logos=[{"url": url, "width": 200, "height": 100}])
    make_article(provider=provider)
    return provider


def test_success(server: Server) -> None:
    provider = make_paper(server, "/logo.png", picture("PNG"))
    assert preview(at=AT).wanted == [server.url("/logo.png")]
    report = keep(at=AT)
    assert (report.kept, report.stored, report.failures) == (1, 1, [])
    logo = Logo.objects.get()
    assert (logo.provider, logo.url) == (provider, server.url("/logo.png"))
    assert Logo.of(provider) == StoredImage.objects.get()
    server.requests.clear()
    assert keep(at=AT).kept == 0
    assert server.requests == []


def test_of_several_providers_and_of_an_image_at_once(server: Server) -> None:
    url = server.put("/logo.png", picture("PNG"))
    for _ in range(2):
        provider = make_provider(logos=[{"url": url, "width": 200, "height": 100}])
        make_article(provider=provider).images.create(position=0, url=url)
    keep(at=AT)
    assert server.paths() == ["/logo.png"]
    assert Logo.objects.count() == 2
    # Another provider with the same logo gets the stored copy.
    make_article(provider=make_provider(logos=[{"url": url}]))
    keep(at=AT)
    assert server.paths() == ["/logo.png"]
    assert Logo.objects.count() == 3


def test_another_picture_replaces_it(server: Server) -> None:
    provider = make_paper(server, "/old.png", different(1))
    keep(at=AT)
    old = StoredImage.objects.get()
    provider.logos = [{"url": server.put("/new.png", different(2))}]
    provider.save()
    assert Logo.of(Provider.objects.get()) is None
    keep(at=AT)
    assert Logo.objects.get().stored != old
    assert Logo.objects.get().url == server.url("/new.png")
    assert Logo.of(Provider.objects.get()) == Logo.objects.get().stored
    prune(at=timezone.now() + timedelta(days=30))
    assert StoredImage.objects.get() == Logo.objects.get().stored
    assert list(integrity.findings()) == []


def test_only_for_articles_that_readers_see(server: Server) -> None:
    make_article(provider=make_provider(logos=[{"url": server.url("/draft.png")}]), quality=10)
    make_provider(logos=[{"url": server.url("/nothing.png")}])
    make_article(provider=make_provider(logos=[{"url": "/local.png"}]))
    make_superseded(provider=make_provider(logos=[{"url": server.url("/superseded.png")}]))
    assert preview(at=AT).wanted == [server.url("/superseded.png")]


def test_failures_are_stored(server: Server) -> None:
    provider = make_paper(server, "/logo.png", b"<html>")
    assert len(keep(at=AT).failures) == 1
    assert Logo.of(provider) is None
    assert preview(at=AT + timedelta(days=300)).wanted == []
    # The provider still has this logo, so nothing is pruned.
    assert prune(at=timezone.now() + timedelta(days=30)).addresses == 0
    Provider.objects.update(logos=[])
    assert prune(at=timezone.now() + timedelta(days=30)).addresses == 1
    assert not ImageFetch.objects.exists()


def test_shown_logos_are_not_pruned(server: Server) -> None:
    make_paper(server, "/logo.png", picture("PNG"))
    keep(at=AT)
    pruned = prune(at=timezone.now() + timedelta(days=30))
    assert (pruned.images, pruned.files, pruned.addresses) == (0, 0, 0)
    # The same holds without a record of where the copy came from.
    ImageFetch.objects.all().delete()
    assert prune(at=timezone.now() + timedelta(days=30)).images == 0


def test_former_logos_are_pruned(server: Server) -> None:
    make_paper(server, "/logo.png", picture("PNG"))
    kept = make_paper(server, "/other.png", different(1))
    keep(at=AT)
    Provider.objects.exclude(pk=kept.pk).update(logos=[])
    later = timezone.now() + timedelta(days=30)
    expected = prune(dry_run=True, at=later)
    assert (expected.images, expected.addresses) == (1, 1)
    pruned = prune(at=later)
    assert (pruned.images, pruned.addresses, pruned.files) == (1, 1, expected.files)
    assert Logo.objects.get().provider == kept
    assert list(integrity.findings()) == []
