"""Stored images are served with their media type, and nothing else is served."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from articles.images import serving
from articles.models.stored_image import name_of
from tests.articles.kept import keep_picture
from tests.factories import make_article

pytestmark = pytest.mark.django_db

DIGEST = "ab" * 32


class TestKept:
    @pytest.mark.parametrize("kind", ["avif", "webp", "jpeg"])
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_success(self, client: Client, kind: str, method: str) -> None:
        stored = keep_picture(make_article()).stored
        assert stored is not None
        copy = stored.copies[0]
        response = getattr(client, method)(stored.url_of(copy, kind))
        assert response.status_code == 200
        assert response["Content-Type"] == f"image/{kind}"
        assert response["Content-Length"] == str(copy["bytes"][kind])
        assert len(response.content) == (copy["bytes"][kind] if method == "get" else 0)
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "Set-Cookie" not in response
        assert "Vary" not in response

    def test_not_modified_has_no_body(self, client: Client) -> None:
        stored = keep_picture(make_article()).stored
        assert stored is not None
        etag = client.get(stored.url)["ETag"]
        again = client.get(stored.url, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert again["Cache-Control"] == "public, max-age=31536000, immutable"
        assert again["ETag"] == etag
        smaller = stored.url_of(stored.copies[0], "jpeg")
        assert client.get(smaller, headers={"If-None-Match": etag}).status_code == 200
        gone = f"/media/{name_of(DIGEST, 320, 'jpeg')}"
        assert client.get(gone, headers={"If-None-Match": "*"}).status_code == 404

    @pytest.mark.parametrize(
        "name",
        [
            f"images/ab/ab/{DIGEST}-640.webp",
            f"images/ab/cd/{DIGEST}-320.webp",
            f"images/ab/ab/{DIGEST}-0320.webp",
            f"images/ab/ab/{DIGEST}-320.png",
            f"images/ab/ab/{DIGEST}-320.webp/",
            f"images/ab/ab/{DIGEST.upper()}-320.webp",
            f"images/ab/ab/.{DIGEST}-320.webp-x.part",
            f"images/ab/ab/../../ab/ab/{DIGEST}-320.webp",
            f"images/ab/ab/%2e%2e/ab/{DIGEST}-320.webp",
            f"../media/images/ab/ab/{DIGEST}-320.webp",
            f"images//ab/ab/{DIGEST}-320.webp",
            f"images/ab/ab/{DIGEST}-320.webp%00",
            f"images/ab/ab/{DIGEST}-320.webp%0a",
            "notes.txt",
            "images/",
            "",
        ],
    )
    def test_fail_nothing_else(self, client: Client, name: str) -> None:
        for there in (name_of(DIGEST, 320, "webp"), "notes.txt", f"images/ab/cd/{DIGEST}-320.webp"):
            default_storage.save(there, ContentFile(b"RIFF"))
        assert client.get(f"/media/{name_of(DIGEST, 320, 'webp')}").status_code == 200
        assert client.get(f"/media/{name}").status_code == 404

    def test_fail_post(self, client: Client) -> None:
        assert client.post(f"/media/{name_of(DIGEST, 320, 'webp')}").status_code == 405


class TestRoutes:
    @pytest.mark.parametrize("url", ["https://media.example/", "//media.example/x/"])
    def test_none_where_another_host_has_them(self, url: str) -> None:
        assert serving.routes(url) == []

    @pytest.mark.parametrize("url", ["/files/", "files/"])
    def test_below_the_address_of_media(self, url: str) -> None:
        (route,) = serving.routes(url)
        name = name_of(DIGEST, 320, "webp")
        found = route.resolve(f"files/{name}")
        assert found is not None
        assert found.kwargs == {"name": name}
        assert route.resolve(name) is None
