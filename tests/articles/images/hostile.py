"""Images that attack their reader: they expand, take long, have many frames or are damaged."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from random import Random

from PIL import Image

from tests.articles.images.samples import (
    RED,
    animated,
    chunk,
    drawn,
    picture,
    png,
    saved,
    turned,
    with_profile,
)

_PNG = b"\x89PNG\r\n\x1a\n"
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")


def claiming(kind: str, width: int, height: int) -> bytes:
    """Return a small image whose header claims another size, with valid checksums."""
    match kind:
        case "JPEG":
            data = picture(kind)
            at = data.index(b"\xff\xc0") + 5
            return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
        case "PNG":
            return png(width, height, bytes(1000))
        case "GIF":
            data = picture(kind)
            size = struct.pack("<HH", width, height)
            # The sizes of the screen, and of the picture on it.
            at = data.index(b",\0\0\0\0") + 5
            return data[:6] + size + data[10:at] + size + data[at + 4 :]
        case "WEBP":
            data = saved(drawn(), kind, lossless=True)
            at = data.index(b"VP8L") + 9
            (rest,) = struct.unpack_from("<I", data, at)
            bits = (width - 1) | (height - 1) << 14 | rest & 0xF0000000
            return data[:at] + struct.pack("<I", bits) + data[at + 4 :]
        case _:
            data = picture(kind)
            at = data.index(b"ispe") + 8
            return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


@cache
def as_large_as_may_be(kind: str) -> bytes:
    """Return nearly 40 megapixels of one color, in as few bytes as the format allows."""
    image = Image.new("RGB", (6300, 6300), RED)
    return saved(image, kind, **({"speed": 10} if kind == "AVIF" else {}))


@cache
def many_frames(kind: str, count: int = 3000) -> bytes:
    """Make an animation with this number of frames."""
    frames = [Image.new("RGB", (16, 16), (n % 256, n // 256, 0)) for n in range(count)]
    options = {"AVIF": {"speed": 10}, "WEBP": {"lossless": True, "method": 0}}.get(kind, {})
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=10, **options)


@cache
def many_scans(count: int = 5000) -> bytes:
    """Make a progressive JPEG that draws the same picture over itself many times."""
    data = saved(Image.new("RGB", (4000, 4000), RED), progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + data[-2:]


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a valid PNG with an extra chunk before its pixels."""
    sound = picture("PNG")
    at = sound.index(b"IDAT") - 4
    return sound[:at] + chunk(kind, data) + sound[at:]


def with_text_bomb(size: int = 100_000_000) -> bytes:
    """Return a PNG with a meaningless text of this length, compressed a thousandfold."""
    return with_chunk(b"zTXt", b"Comment\0\0" + _deflated(size))


def with_profile_bomb(size: int = 100_000_000) -> bytes:
    """Return a PNG with a color profile of this many zeros, compressed a thousandfold."""
    return with_chunk(b"iCCP", b"sRGB\0\0" + _deflated(size))


@cache
def _deflated(size: int) -> bytes:
    return zlib.compress(bytes(size))


def with_segments(marker: int, start: bytes, count: int = 140) -> bytes:
    """Return a valid JPEG with this many segments of maximum length before its pixels."""
    payload = start + bytes(65_533 - len(start))
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return picture()[:2] + segment * count + picture()[2:]


def several_pictures() -> bytes:
    """Make an image as two-lens cameras do: several JPEGs in one file, with the first one shown."""
    return saved(drawn(), "MPO", save_all=True, append_images=[Image.new("RGB", (200, 100))])


@cache
def _sound() -> list[bytes]:
    return [
        *(picture(kind, (60, 40)) for kind in KINDS),
        *(animated(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF")),
        turned(6),
        turned(6, "PNG"),
        with_profile(),
        several_pictures(),
        saved(drawn((60, 40), "CMYK")),
        saved(drawn((60, 40), "P"), "PNG"),
        saved(drawn((60, 40)), "JPEG", progressive=True),
        saved(drawn((60, 40)), "WEBP", lossless=True),
        saved(Image.new("I;16", (60, 40), 30_000), "PNG"),
    ]


def bad_images(count: int, seed: int) -> list[bytes]:
    """Make images of every format, each damaged in a way that the seed determines."""
    random = Random(seed)
    sound = _sound()
    return [_broken(sound[number % len(sound)], random) for number in range(count)]


def _broken(data: bytes, random: Random) -> bytes:
    broken = bytearray(data)
    start = random.randrange(12, len(broken))
    match random.randrange(7):
        case 0:
            del broken[start:]
        case 1:
            for _ in range(random.randrange(1, 20)):
                broken[random.randrange(12, len(broken))] ^= 1 << random.randrange(8)
        case 2:
            del broken[start : start + random.randrange(1, 100)]
        case 3:
            broken[start:start] = random.randbytes(random.randrange(1, 100))
        case 4:
            # Append the end of another image, in any format.
            other = random.choice(_sound())
            broken[start:] = other[random.randrange(12, len(other)) :]
        case 5:
            # Decoders trust lengths and sizes.
            start = random.randrange(12, min(200, len(broken)))
            broken[start : start + 4] = random.choice(
                [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\x17\x70"]
            )
        case _:
            size = (random.randrange(1, 6300), random.randrange(1, 6300))
            return claiming(random.choice(KINDS), *size)
    return _with_checksums(bytes(broken)) if data.startswith(_PNG) else bytes(broken)


def _with_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG's chunks, because readers stop early at a wrong one."""
    out, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        if at + 12 + length > len(data):
            break
        out.append(data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + length
    return b"".join(out) + data[at:]
