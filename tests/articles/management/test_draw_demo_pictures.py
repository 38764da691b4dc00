"""The demo draws pictures only for images that cannot be fetched."""

from __future__ import annotations

from io import BytesIO

import PIL.Image
import pytest
from django.core.management import call_command

from articles.models import Image, Logo
from articles.sample_documents.pictures import LOGO, SIZE, draw, draw_logo
from providers.models import Provider
from tests.factories import make_article

pytestmark = pytest.mark.django_db


def drawn(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("draw_demo_pictures")
    return capsys.readouterr().out


def test_draws_missing_images_of_reserved_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    published, draft = make_article(), make_article(quality=None)
    make_article(provider=draft.provider)
    addresses = ["https://img.paper.example/1.jpg", "https://img.example.com/2.jpg"]
    for position, url in enumerate(addresses):
        Image.objects.create(article=published, position=position, url=url)
    Image.objects.create(article=draft, position=0, url="https://img.paper.example/3.jpg")
    logo = "https://static.paper.example/logo.png"
    Provider.objects.update(logos=[{"url": logo, "width": 400, "height": 400}])
    assert drawn(capsys) == "2 pictures drawn\n"
    assert {one.url for one in Logo.objects.all()} == {logo}
    kept = Image.objects.exclude(stored=None).get()
    assert kept.url == addresses[0]
    assert kept.stored is not None
    assert (kept.stored.width, kept.stored.height) == SIZE
    assert drawn(capsys) == "0 pictures drawn\n"


def test_are_the_same_for_the_same_seed() -> None:
    one, again, other = draw("a"), draw("a"), draw("b")
    assert one == again != other
    with PIL.Image.open(BytesIO(one)) as picture:
        assert picture.size == SIZE
        assert len(picture.getcolors(2**20) or ()) > 1000
    with PIL.Image.open(BytesIO(draw_logo("The Paper"))) as logo:
        assert logo.size == (LOGO, LOGO)
