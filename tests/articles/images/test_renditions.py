"""Renditions keep shape and colors, and contain no metadata."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest
from PIL import Image, ImageCms

from articles.images.renditions import (
    FORMATS,
    MAX_PIXELS,
    MAX_SIDE,
    RefusedImageError,
    Rendered,
    render,
    sizes_of,
    sniff,
)
from tests.articles.images import samples
from tests.articles.images.hostile import claiming
from tests.articles.images.samples import BLUE, GREEN, RED, WHITE, drawn, picture, saved

ALPHA = ("avif", "webp")


def opened(rendered: Rendered, kind: str, number: int = -1) -> Image.Image:
    image = Image.open(io.BytesIO(rendered.renditions[number].data[kind]))
    image.load()
    return image


def is_like(image: Image.Image, at: tuple[int, int], color: tuple[int, ...]) -> bool:
    """Return whether a pixel has a color, within the tolerance of lossy formats."""
    found: Any = image.convert("RGBA" if len(color) == 4 else "RGB").getpixel(at)
    return all(abs(one - other) < 24 for one, other in zip(found, color, strict=True))


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            ((1, 1), [(1, 1)]),
            ((100, 50), [(100, 50)]),
            ((320, 200), [(320, 200)]),
            ((500, 250), [(320, 160), (500, 250)]),
            ((1280, 720), [(320, 180), (640, 360), (960, 540), (1280, 720)]),
            ((6000, 4000), [(320, 213), (640, 427), (960, 640), (1280, 853)]),
            ((1281, 1), [(320, 1), (640, 1), (960, 1), (1280, 1)]),
            # Tall images have a maximum height.
            ((1280, 2560), [(320, 640), (640, 1280), (960, 1920), (1280, 2560)]),
            ((1000, 10_000), [(256, 2560)]),
            ((1, 65_535), [(1, 65_535)]),
        ],
    )
    def test_never_enlarge(self, size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
        assert list(sizes_of(*size)) == expected


class TestFacts:
    def test_are_of_the_original(self) -> None:
        data = picture("PNG", (700, 350))
        rendered = render(data)
        assert rendered.digest == hashlib.sha256(data).hexdigest()
        assert (rendered.format, rendered.byte_size) == ("png", len(data))
        assert (rendered.width, rendered.height) == (700, 350)
        assert rendered.color == "#{:02x}{:02x}{:02x}".format(*RED)

    def test_placeholder_is_it_in_four_by_three(self) -> None:
        rendered = render(picture())
        kind, data = rendered.placeholder.split(",")
        assert kind == "data:image/png;base64"
        assert len(rendered.placeholder) < 200
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert image.size == (4, 3)
        assert is_like(image, (0, 0), GREEN)
        assert is_like(image, (3, 1), RED)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
    def test_every_format_is_known_by_its_first_bytes(self, kind: str) -> None:
        assert sniff(picture(kind)) == kind.lower()
        assert render(picture(kind)).format == kind.lower()


class TestRenditions:
    def test_are_in_every_format_at_every_width(self) -> None:
        rendered = render(picture("JPEG", (1000, 500)))
        assert [(one.width, one.height) for one in rendered.renditions] == [
            (320, 160),
            (640, 320),
            (960, 480),
            (1000, 500),
        ]
        for number, rendition in enumerate(rendered.renditions):
            assert set(rendition.data) == set(FORMATS)
            for kind in FORMATS:
                image = opened(rendered, kind, number)
                assert image.format == kind.upper()
                assert image.size == (rendition.width, rendition.height)
                assert is_like(image, (5, 5), GREEN)
                assert is_like(image, (rendition.width - 5, 5), RED)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_are_turned_the_right_way(self, kind: str, orientation: int) -> None:
        rendered = render(samples.turned(orientation, kind))
        assert (rendered.width, rendered.height) == (200, 100)
        image = opened(rendered, "jpeg")
        assert image.size == (200, 100)
        assert is_like(image, (20, 20), GREEN)
        assert is_like(image, (180, 20), RED)
        assert is_like(image, (20, 80), RED)

    def test_a_large_one_is_turned_as_well(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        stored = drawn((4000, 3000)).transpose(Image.Transpose.ROTATE_90)
        rendered = render(saved(stored, "JPEG", exif=exif))
        assert (rendered.width, rendered.height) == (4000, 3000)
        assert is_like(opened(rendered, "avif"), (20, 20), GREEN)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_hold_nothing_but_pixels(self, kind: str) -> None:
        exif = Image.Exif()
        exif[0x010F] = "Camera of a source"
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        xmp = b"<x:xmpmeta>Written by a source</x:xmpmeta>"
        options = {"xmp": xmp} if kind != "PNG" else {}
        data = saved(drawn(), kind, exif=exif, icc_profile=profile, **options)
        assert b"of a source" in data or b"by a source" in data
        for copy in render(data).renditions:
            for kept in copy.data.values():
                image = Image.open(io.BytesIO(kept))
                image.load()
                assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()
                assert b"source" not in kept

    @pytest.mark.parametrize("kind", FORMATS)
    def test_colors_are_translated_from_a_profile(self, kind: str) -> None:
        assert is_like(opened(render(picture("PNG")), kind), (150, 50), RED)
        found: Any = opened(render(samples.with_profile()), kind).getpixel((150, 50))
        assert found[1] > 150 > found[0]

    @pytest.mark.parametrize("profile", [b"", b"none", bytes(128), b"\0\0\x0c\x48" + bytes(3140)])
    def test_a_broken_profile_is_left_out(self, profile: bytes) -> None:
        data = saved(drawn(), "PNG", icc_profile=profile)
        assert is_like(opened(render(data), "jpeg"), (150, 50), RED)

    def test_a_profile_of_other_colors_is_left_out(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
        data = saved(drawn(), "PNG", icc_profile=profile)
        assert is_like(opened(render(data), "jpeg"), (150, 50), RED)


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "kind"),
        [("CMYK", "JPEG"), ("P", "PNG"), ("P", "GIF"), ("RGB", "PNG"), ("YCbCr", "JPEG")],
    )
    def test_colors_are_right(self, mode: str, kind: str) -> None:
        image = opened(render(saved(drawn((200, 100), mode), kind)), "jpeg")
        assert is_like(image, (20, 20), GREEN)
        assert is_like(image, (150, 50), RED)

    @pytest.mark.parametrize(("mode", "kind"), [("L", "JPEG"), ("L", "PNG"), ("1", "PNG")])
    def test_grays_are_right(self, mode: str, kind: str) -> None:
        image = opened(render(saved(Image.new(mode, (50, 50), 255), kind)), "jpeg")
        assert is_like(image, (20, 20), WHITE)

    @pytest.mark.parametrize("size", [(50, 50), (3000, 500)])
    @pytest.mark.parametrize("value", [0, 30_000, 65_535])
    def test_16_bits_of_gray(self, size: tuple[int, int], value: int) -> None:
        data = saved(Image.new("I;16", size, value), "PNG")
        image = opened(render(data), "jpeg")
        assert is_like(image, (20, 20), (value // 256,) * 3)

    def test_16_bits_a_color(self) -> None:
        row = b"\0" + (b"\xdc\x00\x1e\x80\x1e\x80" * 8)
        image = opened(render(samples.png(8, 8, row * 8, depth=16)), "jpeg")
        assert is_like(image, (4, 4), RED)

    def test_16_bit_gray_with_transparency(self) -> None:
        data = saved(Image.new("I;16", (50, 50), 30_000), "PNG", transparency=30_000)
        assert is_like(opened(render(data), "jpeg"), (20, 20), (117, 117, 117))

    @pytest.mark.parametrize("kind", ALPHA)
    @pytest.mark.parametrize("size", [(200, 100), (4000, 500)])
    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparency_stays_where_it_can(
        self, kind: str, size: tuple[int, int], mode: str
    ) -> None:
        image = Image.new("RGBA", size, (*RED, 0))
        image.paste((*BLUE, 255), (0, 0, size[0] // 2, size[1]))
        rendered = render(saved(image if mode == "RGBA" else image.convert(mode), "PNG"))
        found: Any = opened(rendered, kind).convert("RGBA")
        right = (rendered.renditions[-1].width - 10, 50)
        assert found.getpixel((20, 50))[3] == 255
        assert found.getpixel(right)[3] == 0
        # The background is white, not the color of the transparent pixels.
        assert is_like(opened(rendered, "jpeg"), right, WHITE)

    @pytest.mark.parametrize(
        ("mode", "color", "transparency"),
        [("P", 0, 0), ("P", 0, b"\0\xff"), ("L", 9, 9), ("RGB", RED, RED), ("1", 0, 0)],
    )
    def test_a_transparent_color_is_white_in_jpeg(
        self, mode: str, color: Any, transparency: Any
    ) -> None:
        data = saved(Image.new(mode, (50, 50), color), "PNG", transparency=transparency)
        rendered = render(data)
        assert is_like(opened(rendered, "jpeg"), (20, 20), WHITE)
        assert opened(rendered, "webp").convert("RGBA").getpixel((20, 20))[3] == 0  # type: ignore[index]

    @pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
    def test_animations_show_their_first_frame(self, kind: str) -> None:
        rendered = render(samples.animated(kind))
        for name in FORMATS:
            image = opened(rendered, name)
            assert is_like(image, (150, 50), RED)
            assert getattr(image, "n_frames", 1) == 1


class TestWithoutEndMarker:
    @pytest.mark.parametrize("progressive", [False, True])
    @pytest.mark.parametrize("end", [b"", b"\xff", b"\xff\xff"])
    def test_is_kept(self, end: bytes, progressive: bool) -> None:
        data = saved(drawn(), "JPEG", progressive=progressive)
        assert data.endswith(b"\xff\xd9")
        assert render(data[:-2] + end).renditions == render(data).renditions

    @pytest.mark.parametrize("progressive", [False, True])
    def test_fail_without_some_pixels(self, progressive: bool) -> None:
        data = saved(drawn(), "JPEG", progressive=progressive)
        for missing in (10, 100, 300):
            with pytest.raises(RefusedImageError, match="runcated"):
                render(data[:-missing])


REFUSED = {
    "It cannot be read: image file is truncated (": picture()[:-100],
    "It cannot be read: image file is truncated": picture("PNG")[:-60],
    "It cannot be read: its header is broken.": b"\xff\xd8\xff",
    "It cannot be read": samples.png(0, 5, b""),
    "It cannot be read:": picture("WEBP")[:60],
    "It has more than 40 megapixels.": samples.png(8000, 5001, b""),
    "It has more than 40 megapixels": samples.png(50_000, 50_000, bytes(1000)),
    "It has more than 40 mega": samples.gif(65_535, 65_535),
    "A side has more than 65,535 pixels.": samples.png(100_000, 1, b""),
    "This is SVG": samples.SVG,
    "It is empty.": b"",
}


class TestRefused:
    @pytest.mark.parametrize(("reason", "data"), REFUSED.items(), ids=range(len(REFUSED)))
    def test_with_a_reason(self, reason: str, data: bytes) -> None:
        with pytest.raises(RefusedImageError) as caught:
            render(data)
        assert str(caught.value).startswith(reason)

    def test_just_enough_pixels_are_taken(self) -> None:
        data = saved(Image.new("1", (8000, 5000)), "PNG")
        assert render(data).width * render(data).height == MAX_PIXELS

    def test_a_few_pixels_too_many(self) -> None:
        with pytest.raises(RefusedImageError, match="more than 40 megapixels"):
            render(claiming("PNG", 8000, 5001))

    def test_the_longest_side(self) -> None:
        assert render(saved(Image.new("1", (MAX_SIDE, 1)), "PNG")).width == MAX_SIDE
        with pytest.raises(RefusedImageError, match="A side has more than 65,535 pixels"):
            render(saved(Image.new("1", (MAX_SIDE + 1, 1)), "PNG"))

    def test_other_formats_that_pillow_knows(self) -> None:
        for kind in ("BMP", "TIFF", "ICO", "PPM", "PDF", "EPS"):
            with pytest.raises(RefusedImageError):
                render(saved(drawn(), kind))
