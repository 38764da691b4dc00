"""Generated test images: valid ones, odd ones, and files that are not images."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from functools import cache
from typing import Any, Final

from PIL import Image, ImageCms, ImageDraw

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)


@cache
def drawn(size: tuple[int, int] = (200, 100), mode: str = "RGB") -> Image.Image:
    """Draw a red picture with a green square in the top left corner and a blue line."""
    image = Image.new("RGB", size, RED)
    draw = ImageDraw.Draw(image)
    side = min(size) // 2
    draw.rectangle((0, 0, side - 1, side - 1), fill=GREEN)
    draw.line((0, size[1] - 1, size[0], size[1] - 1), fill=BLUE)
    return image if mode == "RGB" else image.convert(mode)


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Write an image in a format."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def picture(kind: str = "JPEG", size: tuple[int, int] = (200, 100)) -> bytes:
    """Return a valid image in a format."""
    return saved(drawn(size), kind)


def different(number: int) -> bytes:
    """Return an image whose bytes differ for each number."""
    color = (number * 40 % 256, number * 70 % 256, number % 256)
    return saved(Image.new("RGB", (64, 36), color), "PNG")


SVG: Final = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GZIPPED: Final = gzip.compress(bytes(20_000_000))
"""Twenty megabytes, compressed to twenty kilobytes."""
NOT_IMAGES: Final = {
    "SVG": SVG,
    "SVG,": b"<svg/onload=alert(1)>",
    "page": b"<!DOCTYPE html><html><img></html>",
    "page or": b"\xef\xbb\xbf\n <HTML>",
    "empty": b"",
    "not a JPEG": b"GIF8 but not",
    "not a JPEG, PNG": b"%PDF-1.7",
    "not a JPEG, PNG, GIF": b"BM" + bytes(100),
    "not a JPEG, PNG, GIF,": b"II*\0" + bytes(100),
    "not a JPEG, PNG, GIF, WebP": b"RIFF\0\0\0\0WAVEfmt ",
    "not a JPEG, PNG, GIF, WebP or": bytes(1000),
    "not a JPEG, PNG, GIF, WebP or AVIF": b"\0\0\0\x18ftypheic" + bytes(100),
}
"""Maps a description to the file."""


def chunk(kind: bytes, data: bytes) -> bytes:
    """Make a PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, depth: int = 8, color: int = 2) -> bytes:
    """Make a PNG that claims any size, from the compressed ``rows``."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def gif(width: int, height: int) -> bytes:
    """Make a GIF that claims any size but has only a few bytes of picture."""
    size = struct.pack("<HH", width, height)
    start = b"GIF89a" + size + b"\x80\0\0\xff\0\0\xff\xff\xff"
    return start + b",\0\0\0\0" + size + b"\0" + b"\x02\x02\x44\x01\0;"


def animated(kind: str) -> bytes:
    """Make an animation whose first frame is ``drawn()`` and whose other frames are blue."""
    others = [Image.new("RGB", (200, 100), BLUE) for _ in range(3)]
    return saved(drawn(), kind, save_all=True, append_images=others, duration=100)


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """Return ``drawn()`` with an EXIF orientation that viewers must apply, and other EXIF data."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = drawn() if orientation == 1 else drawn().transpose(back[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera of a source"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(stored, kind, exif=exif)


def with_profile() -> bytes:
    """Return a picture whose color profile swaps red and green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * 20, 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return saved(drawn(), "PNG", icc_profile=bytes(profile))
