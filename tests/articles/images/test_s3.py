"""Settings alone make images go to an S3-compatible service instead of the disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from articles import backup
from articles.images import pruning
from articles.images.keeping import keep
from articles.models import Image, StoredImage
from articles.newsdesk import integrity
from newsroom import settings as site
from tests.articles.images.samples import picture
from tests.articles.images.server import Server
from tests.factories import NOW, make_article, make_stored_image

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(service: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "MEDIA_S3_ENDPOINT": service,
        "MEDIA_S3_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(site, "MEDIA_URL", "https://media.example/news/")
    settings.STORAGES = settings.STORAGES | {"default": site.media("news")}
    resource = boto3.resource("s3", endpoint_url=service, region_name="us-east-1")
    bucket = resource.create_bucket(Bucket="news")
    yield bucket
    bucket.objects.delete()
    bucket.delete()
    resource.meta.client.close()


class TestS3:
    def test_keep_check_and_prune(self, server: Server, bucket: Any) -> None:
        image = Image.objects.create(
            article=make_article(), position=0, url=server.put("/a", picture("PNG", (400, 200)))
        )
        assert keep(at=NOW + timedelta(days=1)).stored == 1
        stored = StoredImage.objects.get()
        image.refresh_from_db()
        assert {one.key for one in bucket.objects.all()} == set(stored.names())
        name = f"images/{stored.digest[:2]}/{stored.digest[2:4]}/{stored.digest}-400.jpeg"
        assert image.stored == stored
        assert stored.url == f"https://media.example/news/{name}"
        assert stored.srcset("avif").startswith("https://media.example/news/images/")
        kept = bucket.Object(name).get()
        assert kept["ContentType"] == "image/jpeg"
        assert kept["CacheControl"] == "public, max-age=31536000, immutable"
        types = {bucket.Object(name).get()["ContentType"] for name in stored.names()}
        assert types == {"image/avif", "image/webp", "image/jpeg"}
        assert list(integrity.findings()) == []

        default_storage.delete(name)
        assert [finding.kind for finding in integrity.findings()] == ["missing file"]
        default_storage.save("images/00/00/" + "0" * 64 + "-64.avif", ContentFile(b"orphan"))
        image.article.delete()
        done = pruning.prune(at=timezone.now() + timedelta(days=30))
        assert (done.images, done.files) == (1, 6)
        assert list(bucket.objects.all()) == []

    def test_saved_again_is_the_same_file(self, bucket: Any) -> None:
        for text in (b"one", b"two"):
            assert default_storage.save("images/a.avif", ContentFile(text)) == "images/a.avif"
        assert [one.key for one in bucket.objects.all()] == ["images/a.avif"]

    @pytest.mark.django_db(transaction=True)
    def test_backup_and_restore(self, bucket: Any, tmp_path: Path) -> None:
        image = make_stored_image()
        for name in image.names():
            default_storage.save(name, ContentFile(name.encode()))
        made = backup.make(tmp_path / "b.tar", lambda: None)
        assert made.files == len(image.names())
        bucket.objects.delete()
        missing = backup.make(tmp_path / "c.tar", lambda: None).missing
        # PostgreSQL sorts the formats.
        assert sorted(missing) == sorted(image.names())
        backup.restore(tmp_path / "b.tar", lambda: None, replace=True)
        stored = {one.key: one.get()["Body"].read().decode() for one in bucket.objects.all()}
        assert stored == {name: name for name in image.names()}
