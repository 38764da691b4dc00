"""Smaller copies of an image, made from its pixels alone. Needs no Django.

Nothing else in the file is copied: no metadata from cameras or programs, no embedded data. Input
and output are bytes. For untrusted files use ``articles.images.render_process``, which limits time
and memory.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from PIL import AvifImagePlugin, Image, ImageCms, UnidentifiedImageError

WIDTHS: Final = (320, 640, 960, 1280)
"""Pixels. An image between two of these also gets a copy of its own width."""
MAX_HEIGHT: Final = 2 * WIDTHS[-1]
"""Pixels; taller images are reduced to this."""
FORMATS: Final = ("avif", "webp", "jpeg")
"""File endings of the renditions, smallest first, the order offered to browsers."""
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 65_535
"""Pixels; the limit of JPEG."""

_GAP: Final = 1.5
"""Decode at least this many times the pixels needed per side; good resampling does the rest."""
_OPTIONS: Final = {
    # Speed 8 takes a quarter of the time, but its files are no smaller than WebP.
    # One thread is enough, because there is one process per core.
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
"""Pixels converted at once. Converting a whole image would take twice the memory."""
_ORIENTATION: Final = 0x0112

# After reading the header, Pillow refuses images above twice this size and warns above it.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# One process per core decodes images, with one thread each.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class RefusedImageError(Exception):
    """An image that cannot be stored; the text tells an editor why."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A copy of an image at one width, in every format."""

    width: int
    height: int
    data: dict[str, bytes]
    """The file content by format (see ``FORMATS``)."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The facts about an image and its copies, smallest first."""

    digest: str
    """SHA-256 of the original, in hexadecimal."""
    format: str
    byte_size: int
    """Size of the original."""
    width: int
    """Width and height of the image after it is turned the right way up."""
    height: int
    color: str
    """The most common color, as ``#rrggbb``."""
    placeholder: str
    """The image as 4 by 3 pixels, a ``data:`` URL of about a hundred bytes."""
    renditions: tuple[Rendition, ...]


def sniff(data: bytes) -> str | None:
    """Return the format that the first bytes of ``data`` show; None if it is unsupported."""
    return next((name for name, magic, start in _MAGIC if data.startswith(magic, start)), None)


def not_an_image(data: bytes) -> str:
    """Return a sentence that says why ``data`` is unsupported."""
    start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "It is empty."
    if b"<svg" in start:
        return "This is SVG, which may contain scripts and is not kept."
    if start.startswith(b"<"):
        return "This is a web page or other markup, not an image."
    return "This is not a JPEG, PNG, GIF, WebP or AVIF."


def render(data: bytes, decoded: Callable[[], object] = lambda: None) -> Rendered:
    """Return the renditions of an image and facts about it.

    Only the first frame of an animation is used. ``decoded`` is called once the file has been read;
    after that, the cost depends only on the number of pixels. Raise RefusedImageError or
    MemoryError.
    """
    with warnings.catch_warnings():
        # Pillow warns about damaged but readable files.
        warnings.simplefilter("ignore")
        kind, size, canvas, sizes = _read(data)
    decoded()
    canvas = _srgb(canvas)
    copies = tuple(
        Rendition(width, height, _encoded(canvas.resize((width, height), Image.Resampling.LANCZOS)))
        for width, height in sizes
    )
    tiny = (min(64, canvas.width), min(64, canvas.height))
    small = _flat(canvas.resize(tiny, Image.Resampling.LANCZOS))
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
    """Return the sizes of an image's renditions, smallest first. None is larger than the image."""
    largest = min(width, WIDTHS[-1], max(1, MAX_HEIGHT * width // height))
    widths = [*(width for width in WIDTHS if width < largest), largest]
    return tuple((wide, max(1, round(height * wide / width))) for wide in widths)


_Read = tuple[str, _Size, Image.Image, tuple[_Size, ...]]


def _read(data: bytes) -> _Read:
    kind = sniff(data)
    if kind is None:
        raise RefusedImageError(not_an_image(data))
    try:
        return _decoded(kind, data)
    except RefusedImageError as error:
        if kind != "jpeg" or "truncated" not in str(error):
            raise
        found = _without_end_marker(data)
        if found is None:
            raise
        return found


_END: Final = b"\xff\xd9"
_NOISE: Final = (b"\x55" * 200, b"\xaa" * 200)


def _without_end_marker(data: bytes) -> _Read | None:
    """Read a JPEG that lacks only its end marker; return None if pixels are missing as well.

    A decoder invents missing pixels from the bytes before the end marker. If random bytes there
    change nothing, no pixel is missing.
    """
    data = data.rstrip(b"\xff")
    found = _decoded("jpeg", data + _END)
    pixels = found[2].tobytes()
    others = (_decoded("jpeg", data + noise + _END) for noise in _NOISE)
    return found if all(one[2].tobytes() == pixels for one in others) else None


def _decoded(kind: str, data: bytes) -> _Read:
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
        canvas = canvas.transpose(turn)
    return kind, size, canvas, sizes


_Given = TypeVar("_Given")
_PLAIN: Final = {
    # From WebP. Its decoder needs 16 bytes per pixel and does not distinguish the two causes.
    "could not create decoder object": "it is broken, or takes too much memory",
}
"""Messages from Pillow and what they mean to an editor."""


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
        # Pillow's own message only names an object in memory.
        raise RefusedImageError("It cannot be read: its header is broken.") from error
    except Exception as error:
        # Pillow may raise almost any error for malformed files.
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
    except Exception:  # noqa: BLE001 - nearly any error, as above; the image itself may be fine
        return None


def _shrunk(image: Image.Image, needed: _Size) -> Image.Image:
    """Decode to RGB or RGBA with at least ``_GAP`` times the pixels needed per side.

    CMYK images stay CMYK, because their color profile needs it.
    """
    if image.format == "JPEG":
        # Decode at 1/2, 1/4 or 1/8 of the size, which is three times faster for large photographs.
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
    # In 16-bit gray one of the 65,536 values may be transparent; ignore it.
    is_clear = image.has_transparency_data and not image.mode.startswith("I")
    return "RGBA" if is_clear else "RGB"


def _converted(band: Image.Image, mode: str) -> Image.Image:
    if band.mode.startswith("I"):
        # This is 16-bit gray. A plain conversion would clip the values at 255.
        band.info.clear()
        band = band.convert("I").point(lambda value: value / 256).convert("L")
    return band if band.mode == mode else band.convert(mode)


def _srgb(canvas: Image.Image) -> Image.Image:
    """Convert the colors to sRGB, which screens assume."""
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
            # The profile is broken or for other colors (gray). Ignore it.
            translated = None
        if translated is not None:
            if alpha is not None:
                translated.putalpha(alpha)
            return translated
    return canvas.convert(mode)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _encoded(image: Image.Image) -> dict[str, bytes]:
    # Otherwise Pillow would write this metadata into the copy.
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
