"""Make other sites' HTML safe: ``clean()`` as one piece, ``embeds()`` with its frames apart.

The result loads nothing from other hosts, except frames of players from the hosts in the setting
``EMBED_HOSTS``. Frames keep only their URL, title and size, all of which are checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import Final

import nh3
from django.conf import settings

from newsroom.web_url import is_web_url

MAX_BYTES: Final = 100_000
"""Bytes of HTML in UTF-8. A player takes about 300, a quoted post 2,000."""
MAX_TAGS: Final = 500
"""Characters ``<``: an upper limit for tags and depth, however a parser reads comments.
nh3 takes 22 seconds for 100,000 tags, and 0.2 for the worst 500."""
MAX_DEPTH: Final = 100
"""Nested elements in the result. Browsers flatten more than about 500 levels and would
not show what was checked."""
MAX_ADDRESS: Final = 2000
"""Characters of a link's or frame's URL, the same limit as for an article's URL."""
MAX_ROUNDS: Final = 6
"""Attempts to reach a stable result; usually two or three are enough."""
MAX_TITLE: Final = 200
"""Characters of a frame's title."""

DEFAULT_SIZE: Final = (640, 360)
"""Pixels; for frames without a plausible size."""

# What a player needs. Scripts together with same-origin would break the sandbox on our own hosts, which
# the settings therefore refuse as EMBED_HOSTS.
_FRAME_RULES: Final = {
    "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
    # YouTube refuses to play without a referrer.
    "referrerpolicy": "strict-origin-when-cross-origin",
    "loading": "lazy",
    "allow": "fullscreen; encrypted-media; picture-in-picture",
    # The same as in "allow", for browsers that read only this.
    "allowfullscreen": "",
}

# These hosts also have pages that are not players, some of which redirect anywhere.
_PLAYER: Final = re.compile(r"/embed/(?:video/)?[\w-]+(?:[?#].*)?", re.ASCII)
_HOSTS_OF_OTHER_PAGES: Final = {"www.dailymotion.com", "www.youtube-nocookie.com"}

# Only characters that all URL parsers read alike: no user, port, backslash or space.
_FRAME_ADDRESS: Final = re.compile(
    r"https://(?P<host>[a-z0-9.-]+)(?P<rest>/[\w.~:/?#@!$&'()*+,;=%-]*)", re.ASCII | re.IGNORECASE
)
_PIXELS: Final = re.compile(r"[1-9][0-9]{0,3}")

# Meaningless in HTML and not allowed in the XML of feeds. nh3 refuses surrogates.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# These parse the output of nh3, where all values are quoted and only tags have < and >.
_FRAME: Final = re.compile(r"<iframe([^>]*)>.*?</iframe>", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r' ([a-z]+)="([^"]*)"')
_TAG: Final = re.compile(r"<(/?)([a-z]+)[^>]*>")


def _checked(tag: str, name: str, value: str) -> str | None:
    if name != "href":
        return value
    address = value.strip()
    return address if len(address) <= MAX_ADDRESS and is_web_url(address) else None


_CLEANER: Final = nh3.Cleaner(
    # No headings, which would break the outline of the page, and nothing that loads by itself.
    tags={
        "a",
        "b",
        "blockquote",
        "br",
        "em",
        "figcaption",
        "figure",
        "i",
        "iframe",
        "li",
        "ol",
        "p",
    }
    | {"strong", "ul"},
    # Elements whose text is not for readers.
    clean_content_tags={"noscript", "script", "style", "template", "textarea", "title"},
    attributes={"*": set(), "a": {"href"}, "iframe": {"src", "title", "width", "height"}},
    attribute_filter=_checked,
    link_rel="noopener noreferrer nofollow ugc external",
    url_schemes={"http", "https"},
)


class UnfitError(ValueError):
    """HTML that is not shown at all. The message tells editors why."""


@dataclass(frozen=True)
class Frame:
    src: str
    host: str
    title: str
    """Its own title or else its host."""
    width: int
    """Pixels; used with ``height`` only for the aspect ratio."""
    height: int

    @property
    def attributes(self) -> dict[str, str]:
        said = {"src": self.src, "title": self.title}
        return {**said, "width": str(self.width), "height": str(self.height), **_FRAME_RULES}

    def as_json(self) -> str:
        """Return the attributes for the script that inserts the frame."""
        return json.dumps(self.attributes)

    def as_html(self) -> str:
        written = (f'{name}="{escape(value)}"' for name, value in self.attributes.items())
        return f"<iframe {' '.join(written)}></iframe>"


@dataclass(frozen=True)
class Featured:
    """Featured content as a page shows it: text and frames apart."""

    html: str = ""
    """Sanitized HTML without frames; empty without text."""
    frames: tuple[Frame, ...] = ()
    refused: str = ""
    """Why nothing is shown, as a sentence for editors."""

    @property
    def sources(self) -> list[str]:
        """The origins of the frames, for the content security policy."""
        return sorted({f"https://{frame.host}" for frame in self.frames})


def clean(html: str) -> str:
    """Return safe HTML; empty if it is too long, too deep or has no stable result.

    ``clean(clean(html)) == clean(html)``. Keep paragraphs, lists, quotes, emphasis, figures, links to
    the web and frames of players. For other elements, except scripts and styles, keep the text.
    """
    try:
        return _settled(html)
    except UnfitError:
        return ""


def embeds(html: str, title: str = "") -> Featured:
    """Split ``clean(html)`` into text and frames, which pages load only when the reader asks.

    ``title`` is for frames without one.
    """
    try:
        whole = _settled(html)
    except UnfitError as error:
        return Featured(refused=str(error))
    read = (frame for match in _FRAME.finditer(whole) if (frame := _read(match)))
    frames = tuple(
        replace(frame, title=title) if title and frame.title == frame.host else frame
        for frame in read
    )
    words = _FRAME.sub("", whole)
    return Featured(words if _TAG.sub("", words).strip() else "", frames)


def _settled(html: str) -> str:
    for _ in range(MAX_ROUNDS):
        # Checked each time: a round can make the text longer.
        _check_size(html)
        cleaner = _FRAME.sub(_rewritten, _CLEANER.clean(_CONTROLS.sub("", html)))
        if cleaner == html:
            _check_depth(html)
            return html
        html = cleaner
    raise UnfitError("The HTML is ambiguous: it changes each time it is cleaned.")


def _check_size(html: str) -> None:
    # Count characters first, to encode only short texts.
    if len(html) > MAX_BYTES or len(html.encode(errors="replace")) > MAX_BYTES:
        raise UnfitError(f"The HTML is longer than {MAX_BYTES:,} bytes.")
    if html.count("<") > MAX_TAGS:
        raise UnfitError(f"The HTML has more than {MAX_TAGS} tags.")


def _check_depth(html: str) -> None:
    depth = 0
    for slash, name in _TAG.findall(html):
        if name != "br":
            depth += -1 if slash else 1
        if depth > MAX_DEPTH:
            raise UnfitError(f"The HTML has more than {MAX_DEPTH} nested elements.")


def _rewritten(match: re.Match[str]) -> str:
    frame = _read(match)
    return frame.as_html() if frame else ""


def _read(match: re.Match[str]) -> Frame | None:
    """Parse a frame in the output of nh3; None if its URL is not allowed."""
    said = {name: unescape(value) for name, value in _ATTRIBUTE.findall(match[1])}
    address = _FRAME_ADDRESS.fullmatch(said.get("src", "").strip())
    if address is None:
        return None
    host, rest = _without_cookies(address["host"].lower()), address["rest"]
    if host not in map(_without_cookies, settings.EMBED_HOSTS):
        return None
    src = f"https://{host}{rest}"
    is_player = host not in _HOSTS_OF_OTHER_PAGES or _PLAYER.fullmatch(rest)
    if not is_player or len(src) > MAX_ADDRESS:
        return None
    title = " ".join(said.get("title", "").split())[:MAX_TITLE].strip() or host
    return Frame(src, host, title, *_size(said.get("width", ""), said.get("height", "")))


def _without_cookies(host: str) -> str:
    # The same player on a host that sets no cookie before the reader plays something.
    return "www.youtube-nocookie.com" if host == "www.youtube.com" else host


def _size(width: str, height: str) -> tuple[int, int]:
    if not _PIXELS.fullmatch(width) or not _PIXELS.fullmatch(height):
        return DEFAULT_SIZE
    # Frames of extreme shapes would break the page.
    return (int(width), int(height)) if 0.5 <= int(width) / int(height) <= 4 else DEFAULT_SIZE
