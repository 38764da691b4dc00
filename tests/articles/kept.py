"""Stored pictures for tests, rendered from generated photographs."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from articles.images import files
from articles.images.keeping import columns
from articles.images.renditions import Rendered, render
from articles.models import Article, Image, StoredImage


@cache
def photograph(number: int = 0, size: tuple[int, int] = (1400, 900)) -> Rendered:
    """Draw and render a landscape; each number gives a different one."""
    width, height = size
    sky, ground = (
        (90 + number * 37 % 140, 150, 200 - number * 23 % 120),
        (70, 60 + number * 29 % 90, 40),
    )
    image = Pillow.new("RGB", size, sky)
    draw = ImageDraw.Draw(image)
    for row in range(height):
        part = row / height
        draw.line((0, row, width, row), tuple(round(a + (255 - a) * part * 0.6) for a in sky))
    draw.rectangle((0, height * 2 // 3, width, height), ground)
    left = width * (1 + number % 5) // 7
    draw.ellipse(
        (left, height // 6, left + height // 4, height // 6 + height // 4), (250, 225, 150)
    )
    for place in range(9):
        top = height * 2 // 3 - (place * 131 + number * 57) % (height // 3)
        draw.polygon(
            [
                (place * width // 8 - 200, height),
                (place * width // 8, top),
                (place * width // 8 + 260, height),
            ],
            tuple(max(0, one - place * 6) for one in ground),
        )
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(2)).save(out, "PNG")
    return render(out.getvalue())


def keep_picture(
    article: Article, number: int = 0, size: tuple[int, int] = (1400, 900), **values: Any
) -> Image:
    """Add a photograph to an article and write its files to the storage."""
    rendered = photograph(number, size)
    stored = StoredImage.objects.filter(digest=rendered.digest).first()
    if stored is None:
        files.write(rendered)
        stored = StoredImage.objects.create(**columns(rendered))
    position = article.images.count()
    url = f"https://pictures.example/{number}.png"
    return Image.objects.create(
        **{"article": article, "position": position, "url": url, "stored": stored} | values
    )
