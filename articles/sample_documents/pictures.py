"""Pictures for sample documents: landscapes of colors and lines, logos of one letter."""

from __future__ import annotations

import math
from io import BytesIO
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE: Final = (800, 533)
"""Pixels, as shown on an article's page."""
LOGO: Final = 200
"""Pixels a side."""
_FINER: Final = 2
"""Pictures are drawn larger by this factor, for smooth edges."""
_SKIES: Final = [
    ((252, 214, 164), (104, 134, 178), (38, 52, 84)),
    ((214, 232, 240), (96, 150, 186), (24, 62, 82)),
    ((250, 196, 150), (190, 98, 106), (58, 36, 66)),
    ((232, 238, 214), (140, 172, 150), (34, 68, 60)),
    ((58, 78, 128), (26, 34, 72), (10, 14, 32)),
    ((240, 226, 206), (186, 164, 140), (78, 62, 54)),
]
"""The colors of the horizon, the sky and the foreground of each."""

_Color = tuple[int, int, int]


def draw_logo(name: str) -> bytes:
    """Return a square PNG with the first letter of a name; the same name gives the same image."""
    rng = Random(name)  # noqa: S311 - not a secret
    _, high, near = rng.choice(_SKIES)
    side = _FINER * LOGO
    logo = Image.new("RGB", (side, side), near)
    pen = ImageDraw.Draw(logo)
    pen.ellipse([side * 0.12, side * 0.12, side * 0.88, side * 0.88], _between(near, high, 0.35))
    letter = next((one for one in name.removeprefix("The ") if one.isalnum()), "").upper()
    font = ImageFont.load_default(side * 0.5)
    pen.text((side / 2, side / 2), letter, (255, 250, 240), font, anchor="mm")
    data = BytesIO()
    logo.resize((LOGO, LOGO), Image.Resampling.LANCZOS).save(data, "PNG")
    return data.getvalue()


def draw(seed: str) -> bytes:
    """Return a JPEG of ``SIZE``, always the same for the same seed."""
    rng = Random(seed)  # noqa: S311 - not a secret
    width, height = (_FINER * side for side in SIZE)
    low, high, near = rng.choice(_SKIES)
    horizon = round(height * rng.uniform(0.45, 0.65))
    picture = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(picture)
    for y in range(height):
        pen.line([(0, y), (width, y)], _between(high, low, min(1.0, y / horizon)))
    _sun(pen, rng, width, horizon, low)
    if rng.random() < 0.4:
        _houses(pen, rng, (width, height), horizon, _between(low, near, 0.75))
    layers = rng.randint(3, 5)
    for layer in range(layers):
        depth = (layer + 1) / layers
        top = horizon + (height - horizon) * (depth - 1 / layers) * 0.9
        _hills(pen, rng, (width, height), top, _between(low, near, depth))
    smooth = picture.resize(SIZE, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.4))
    grain = Image.frombytes("L", SIZE, rng.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    data = BytesIO()
    Image.blend(smooth, grain, 0.03).save(data, "JPEG", quality=88)
    return data.getvalue()


def _between(one: _Color, other: _Color, share: float) -> _Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sun(pen: ImageDraw.ImageDraw, rng: Random, width: int, horizon: int, low: _Color) -> None:
    x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.25, 0.95) * horizon
    for radius in range(round(0.13 * width), round(0.035 * width), -6):
        glow = _between((255, 250, 236), low, radius / (0.14 * width))
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], glow)


def _houses(
    pen: ImageDraw.ImageDraw, rng: Random, size: tuple[int, int], horizon: int, color: _Color
) -> None:
    x = 0
    while x < size[0]:
        broad = rng.randint(40, 130)
        tall = rng.choice([60, 90, 140, 220, 320]) * rng.uniform(0.7, 1.2)
        pen.rectangle([x, horizon - tall, x + broad, size[1]], color)
        x += broad + rng.choice([0, 0, 12, 40])


def _hills(
    pen: ImageDraw.ImageDraw, rng: Random, size: tuple[int, int], top: float, color: _Color
) -> None:
    waves = [(rng.uniform(0.5, 5), rng.uniform(0, math.tau), rng.uniform(8, 60)) for _ in range(4)]
    width, height = size
    ridge = [
        (x, top + sum(h * math.sin(n * math.tau * x / width + at) / n for n, at, h in waves))
        for x in range(0, width + 8, 8)
    ]
    pen.polygon([(0, height), *ridge, (width, height)], color)
