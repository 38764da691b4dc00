"""What readers see of an image: smaller copies, drawn anew from its pixels alone. Needs no Django.

Nothing of the file itself is passed on: not what cameras and editors wrote into it, nor whatever
else a format may hold. Bytes in, bytes out; who calls ``render`` on files that are not trusted lets
``articles.images.render_process`` do it, which bounds time and memory.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from PIL import AvifImagePlugin, Image, ImageCms, UnidentifiedImageError

WIDTHS: Final = (320, 640, 960, 1280)
"""Pixels. An image that lies between two has one of its own width, too."""
MAX_HEIGHT: Final = 2 * WIDTHS[-1]
"""Pixels; what is taller is made smaller, whatever its width."""
FORMATS: Final = ("avif", "webp", "jpeg")
"""The renditions' formats, as their names end; smallest first, as browsers are offered them."""
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 65_535
"""Pixels; what JPEG can say."""

_GAP: Final = 1.5
"""Decoding gives so many times the pixels that are needed, a side; what is left is resampled well."""
_OPTIONS: Final = {
    # At speed 8 it takes a quarter of the time, and no fewer bytes than WebP: then it is no use.
    # One thread: there is a process a core.
    "avif": {"quality": 60, "speed": 6, "max_threads": 1},
    "webp": {"quality": 78, "method": 4},
    "jpeg": {"quality": 80, "progressive": True, "optimize": True},
}
_MAGIC: Final = (
    ("jpeg", b"\xff\xd8\xff", 0),
    ("png", b"\x89PNG\r\n\x1a\n", 0),
    ("gif", b"GIF87a", 0),
    ("gif", b"GIF89a", 0),
    ("webp", b"WEBP", 8),
    ("avif", b"ftypavif", 4),
    ("avif", b"ftypavis", 4),
    ("avif", b"ftypmif1", 4),
)
_PIXELS_READ: Final = 4_000_000
"""Pixels converted at once: a whole image in two modes would be twice the memory."""
_ORIENTATION: Final = 0x0112

# Pillow refuses images of more than twice this when it has read their header, and warns before that.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# A process a core decodes, each with this one thread.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class RefusedImageError(Exception):
    """An image that is not kept; the text says why, for an editor."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A copy of an image at one width, in every format."""

    width: int
    height: int
    data: dict[str, bytes]
    """By format, see ``FORMATS``."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What there is to know of an image, and its copies, smallest first."""

    digest: str
    """SHA-256 of the original, in hexadecimal."""
    format: str
    byte_size: int
    """Of the original."""
    width: int
    """As it is to be seen, that is turned the right way; so is ``height``."""
    height: int
    color: str
    """The color that most of it has, as ``#rrggbb``."""
    placeholder: str
    """It again as 4 by 3 pixels, a ``data:`` address of a hundred bytes or so."""
    renditions: tuple[Rendition, ...]


def sniff(data: bytes) -> str | None:
    """Return the format that ``data`` begins like; None if that is none that we keep."""
    return next(
        (name for name, magic, start in _MAGIC if data.startswith(magic, start)),
        None,
    )


def not_an_image(data: bytes) -> str:
    """Say what ``data``, which ``sniff`` does not know, is instead."""
    start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "It is empty."
    if b"<svg" in start:
        return "It is SVG, which may hold scripts and is not kept."
    if start.startswith(b"<"):
        return "It is a page or another markup, not an image."
    return "It is no JPEG, PNG, GIF, WebP or AVIF."


def render(data: bytes, decoded: Callable[[], object] = lambda: None) -> Rendered:
    """Make the renditions of an image, and look at it.

    Animated ones give their first frame. ``decoded`` is called once the file itself has been read,
    with all that its maker could do; what follows takes its time by pixels alone. Raises
    RefusedImageError, and MemoryError.
    """
    with warnings.catch_warnings():
        # Of files that are broken somewhere, but can be shown.
        warnings.simplefilter("ignore")
        kind, size, canvas, sizes = _read(data)
    decoded()
    canvas = _srgb(canvas)
    copies = tuple(
        Rendition(width, height, _encoded(_resized(canvas, (width, height))))
        for width, height in sizes
    )
    small = _flat(_resized(canvas, (min(64, canvas.width), min(64, canvas.height))))
    return Rendered(
        digest=hashlib.sha256(data).hexdigest(),
        format=kind,
        byte_size=len(data),
        width=size[0],
        height=size[1],
        color=_dominant_color(small),
        placeholder=_placeholder(small),
        renditions=copies,
    )


_Size = tuple[int, int]


def sizes_of(width: int, height: int) -> tuple[_Size, ...]:
    """Return the sizes of the renditions of an image of this size, smallest first; never larger."""
    largest = min(width, WIDTHS[-1], max(1, MAX_HEIGHT * width // height))
    widths = [*(width for width in WIDTHS if width < largest), largest]
    return tuple((wide, max(1, round(height * wide / width))) for wide in widths)


def _read(data: bytes) -> tuple[str, _Size, Image.Image, tuple[_Size, ...]]:
    kind = sniff(data)
    if kind is None:
        raise RefusedImageError(not_an_image(data))
    image = _attempt(lambda: Image.open(io.BytesIO(data), formats=[kind.upper()]))
    width, height = image.size
    if max(width, height) > MAX_SIDE:
        raise RefusedImageError(f"A side has more than {MAX_SIDE:,} pixels.")
    turn = _turn(image)
    is_on_its_side = turn in _SIDEWAYS
    size = (height, width) if is_on_its_side else (width, height)
    sizes = sizes_of(*size)
    needed = sizes[-1][::-1] if is_on_its_side else sizes[-1]
    canvas = _attempt(lambda: _shrunk(image, needed))
    canvas.info["icc_profile"] = image.info.get("icc_profile")
    image.close()
    if turn is not None:
        profile = canvas.info["icc_profile"]
        canvas = canvas.transpose(turn)
        canvas.info["icc_profile"] = profile
    return kind, size, canvas, sizes


_Given = TypeVar("_Given")
_PLAIN: Final = {
    # Of WebP, whose decoder takes sixteen bytes a pixel and does not tell these apart.
    "could not create decoder object": "it is broken, or takes too much memory",
}
"""What Pillow says, in words that an editor can use."""


def _attempt(read: Callable[[], _Given]) -> _Given:
    try:
        return read()
    except Image.DecompressionBombError as error:
        raise RefusedImageError(
            f"It has more than {MAX_PIXELS // 1_000_000} megapixels."
        ) from error
    except (MemoryError, RefusedImageError):
        raise
    except UnidentifiedImageError as error:
        # Its own words name an object of this process.
        raise RefusedImageError("It cannot be read: its header is broken.") from error
    except Exception as error:
        # Pillow raises nearly anything on files made to be broken.
        words = " ".join(str(error).split())[:200].rstrip(". ") or type(error).__name__
        raise RefusedImageError(f"It cannot be read: {_PLAIN.get(words, words)}.") from error


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = {_TURNS[number] for number in (5, 6, 7, 8)}


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - nearly anything, as above; the image may be sound all the same
        return None


def _shrunk(image: Image.Image, needed: _Size) -> Image.Image:
    """Decode, in RGB or RGBA, with at least ``_GAP`` times the pixels a side that are needed.

    CMYK stays for its color profile to translate.
    """
    if image.format == "JPEG":
        # Decodes at a half, a quarter or an eighth: three times faster for a large photograph.
        image.draft(image.mode, (round(needed[0] * _GAP), round(needed[1] * _GAP)))
    image.load()
    width, height = image.size
    mode = _mode(image)
    factor = max(1, int(min(width / needed[0], height / needed[1]) / _GAP))
    if factor == 1 and image.mode == mode:
        return image.copy()
    canvas = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = max(1, _PIXELS_READ // width // factor) * factor
    for top in range(0, height, rows):
        band = _converted(image.crop((0, top, width, min(height, top + rows))), mode)
        canvas.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return canvas


def _mode(image: Image.Image) -> str:
    if image.mode == "CMYK":
        return "CMYK"
    # One gray of 65,536 may be transparent: it is shown as it is.
    is_clear = image.has_transparency_data and not image.mode.startswith("I")
    return "RGBA" if is_clear else "RGB"


def _converted(band: Image.Image, mode: str) -> Image.Image:
    if band.mode.startswith("I"):
        # 16 bits of gray: converted by themselves they would be cut off at 255.
        band.info.clear()
        band = band.convert("I").point(lambda value: value / 256).convert("L")
    return band if band.mode == mode else band.convert(mode)


def _srgb(canvas: Image.Image) -> Image.Image:
    """Translate the colors to those that every screen takes for granted."""
    profile = canvas.info.pop("icc_profile", None)
    mode = "RGBA" if canvas.mode == "RGBA" else "RGB"
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            alpha = canvas.getchannel("A") if mode == "RGBA" else None
            opaque = canvas if canvas.mode == "CMYK" else canvas.convert("RGB")
            translated = ImageCms.profileToProfile(
                opaque, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # Broken, or made for other colors, such as gray: as if there were none.
            translated = None
        if translated is not None:
            if alpha is not None:
                translated.putalpha(alpha)
            return translated
    return canvas.convert(mode)


def _resized(canvas: Image.Image, size: _Size) -> Image.Image:
    if canvas.size == size:
        return canvas
    return canvas.resize(size, Image.Resampling.LANCZOS)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _encoded(image: Image.Image) -> dict[str, bytes]:
    # Whatever the file said beside its pixels would be written again.
    image.info.clear()
    return {name: _saved(image if name != "jpeg" else _flat(image), name) for name in FORMATS}


def _saved(image: Image.Image, name: str) -> bytes:
    out = io.BytesIO()
    image.save(out, name.upper(), **_OPTIONS[name])
    return out.getvalue()


def _dominant_color(small: Image.Image) -> str:
    reduced = small.quantize(8)
    counts: Counter[int] = Counter(reduced.tobytes())
    most = max(sorted(counts), key=counts.__getitem__)
    red, green, blue = (reduced.getpalette() or [])[3 * most : 3 * most + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _placeholder(small: Image.Image) -> str:
    out = io.BytesIO()
    tiny = small.resize((4, 3), Image.Resampling.BOX)
    tiny.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def total_bytes(renditions: Iterable[Rendition]) -> int:
    """Return the bytes of all renditions in all formats."""
    return sum(len(data) for rendition in renditions for data in rendition.data.values())
