"""Helpers for tests of an image's page in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from articles.models import Article, Image, ImageFetch
from articles.roles import Role
from tests.articles.images.samples import picture
from tests.factories import make_article, make_user

FETCHED_SOON = "It will be fetched next, in the background."
SOURCE = "https://a.example/photo.jpg"
State = ImageFetch.State


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_user(Role.EDITOR, username="anna"))
    return client


def add_image(article: Article | None = None, url: str = SOURCE, **values: Any) -> Image:
    article = article or make_article()
    position = article.images.count()
    return Image.objects.create(article=article, position=position, url=url, **values)


def address(image: Image) -> str:
    return reverse("admin:articles_article_image", args=[image.article_id, image.position])


def again(image: Image) -> Image:
    """Read the image again; an edit replaces its row."""
    return Image.objects.select_related("stored", "article").get(
        article=image.article_id, position=image.position
    )


def sent(page: Any, act: str, **typed: Any) -> dict[str, Any]:
    """Return the data that a browser submits from a form of the page."""
    form = page.context["forms"][act]
    values = {name: form[name].value() for name in form.fields if name != "file"}
    return {"act": act, **{name: value or "" for name, value in values.items()}, **typed}


def do(client: Client, image: Image, act: str, **typed: Any) -> Any:
    """Open the page, fill in a form and submit it."""
    return client.post(address(image), sent(client.get(address(image)), act, **typed))


def file(data: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def upload(client: Client, image: Image, data: bytes | None = None) -> Any:
    return do(client, image, "upload", file=file(picture() if data is None else data))
