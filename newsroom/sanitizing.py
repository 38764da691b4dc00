"""HTML of others, made safe to show: ``clean()`` for all of it, ``embeds()`` with its frames apart.

Nothing that is kept loads anything from another host, but for the frames of players, which go only
to the hosts of the setting ``EMBED_HOSTS``. Nothing of a frame is taken over as it was written but
its address, its title and its size, each of them checked.
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
"""Of HTML in UTF-8. A player takes 300, a quoted post 2,000."""
MAX_TAGS: Final = 500
"""Characters ``<``. No parser sees more tags than these, whatever it takes for a comment, and so
none nests deeper. 100,000 tags take nh3 22 seconds; 500, arranged for the worst, 0.2."""
MAX_DEPTH: Final = 100
"""Elements in one another in the result. Browsers flatten what is deeper than about 500, and so
would make something else of it than what was checked."""
MAX_ADDRESS: Final = 2000
"""Characters of a link's or frame's address: as many as an article's own address may have."""
MAX_ROUNDS: Final = 6
"""Most of what changes in a second round stays as it is in a third."""
MAX_TITLE: Final = 200
"""Characters of a frame's title."""

DEFAULT_SIZE: Final = (640, 360)
"""Width and height of a frame that does not say, or that says something no player has, in pixels."""

# What a player needs. Its scripts and its own origin together would let it out of the sandbox if
# that origin were ours: the settings refuse our own hosts.
_FRAME_RULES: Final = {
    "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
    # YouTube plays nothing for a page that does not say where it is.
    "referrerpolicy": "strict-origin-when-cross-origin",
    "loading": "lazy",
    "allow": "fullscreen; encrypted-media; picture-in-picture",
    # The same as in "allow", for browsers that read only this.
    "allowfullscreen": "",
}

# Elsewhere on these hosts are other pages than players, some of which lead on to any address.
_PLAYER: Final = re.compile(r"/embed/(?:video/)?[\w-]+(?:[?#].*)?", re.ASCII)
_HOSTS_OF_OTHER_PAGES: Final = {"www.dailymotion.com", "www.youtube-nocookie.com"}

# Only characters that every parser of addresses reads alike: no user, port, backslash or space.
_FRAME_ADDRESS: Final = re.compile(
    r"https://(?P<host>[a-z0-9.-]+)(?P<rest>/[\w.~:/?#@!$&'()*+,;=%-]*)", re.ASCII | re.IGNORECASE
)
_PIXELS: Final = re.compile(r"[1-9][0-9]{0,3}")

# Without a meaning in HTML, and not allowed in the XML of feeds. nh3 takes no surrogates.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# These read what nh3 has written: quotes around every value, and no < or > but those of tags.
_FRAME: Final = re.compile(r"<iframe([^>]*)>.*?</iframe>", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r' ([a-z]+)="([^"]*)"')
_TAG: Final = re.compile(r"<(/?)([a-z]+)[^>]*>")


def _checked(tag: str, name: str, value: str) -> str | None:
    if name != "href":
        return value
    address = value.strip()
    return address if len(address) <= MAX_ADDRESS and is_web_url(address) else None


_CLEANER: Final = nh3.Cleaner(
    # No headings, which would be out of order on the page, and nothing that loads by itself.
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
    # The texts of these are not for readers.
    clean_content_tags={"noscript", "script", "style", "template", "textarea", "title"},
    attributes={"*": set(), "a": {"href"}, "iframe": {"src", "title", "width", "height"}},
    attribute_filter=_checked,
    link_rel="noopener noreferrer nofollow ugc external",
    url_schemes={"http", "https"},
)


class UnfitError(ValueError):
    """HTML of which nothing is shown; the message says why, in a sentence for editors."""


@dataclass(frozen=True)
class Frame:
    """A player's frame; nothing of it is loaded before it is on a page."""

    src: str
    host: str
    title: str
    """What it was called, or else its host."""
    width: int
    """Pixels; with ``height`` no more than the shape."""
    height: int

    @property
    def attributes(self) -> dict[str, str]:
        """Every attribute that it gets on a page."""
        said = {"src": self.src, "title": self.title}
        return {**said, "width": str(self.width), "height": str(self.height), **_FRAME_RULES}

    def called(self, title: str) -> Frame:
        """Return it this title if it has none of its own."""
        return replace(self, title=title) if title and self.title == self.host else self

    def as_json(self) -> str:
        """Return its attributes for the script that puts it in place."""
        return json.dumps(self.attributes)

    def as_html(self) -> str:
        """Write it as ``clean()`` does."""
        written = (f'{name}="{escape(value)}"' for name, value in self.attributes.items())
        return f"<iframe {' '.join(written)}></iframe>"


@dataclass(frozen=True)
class Featured:
    """Featured content as a page shows it: the words, and apart from them the frames."""

    html: str = ""
    """Clean, without frames; empty if there are no words in it."""
    frames: tuple[Frame, ...] = ()
    refused: str = ""
    """Why nothing is shown of it, in a sentence for editors."""

    @property
    def sources(self) -> list[str]:
        """The origins that the frames load from, for the content security policy."""
        return sorted({f"https://{frame.host}" for frame in self.frames})


def clean(html: str) -> str:
    """Make HTML of others safe to show; empty where it is too long, too deep or a riddle.

    ``clean(clean(html)) == clean(html)``. Keeps paragraphs, lists, quotes, emphasis, figures, links
    to the web and the frames of players; of everything else but scripts and styles, the words.
    """
    try:
        return _settled(html)
    except UnfitError:
        return ""


def embeds(html: str, title: str = "") -> Featured:
    """Take ``clean(html)`` apart for a page that loads no frame before the reader asks.

    ``title`` is for frames that have none of their own.
    """
    try:
        whole = _settled(html)
    except UnfitError as error:
        return Featured(refused=str(error))
    read = (frame for match in _FRAME.finditer(whole) if (frame := _read(match)))
    frames = tuple(frame.called(title) for frame in read)
    words = _FRAME.sub("", whole)
    return Featured(words if _TAG.sub("", words).strip() else "", frames)


def _settled(html: str) -> str:
    for _ in range(MAX_ROUNDS):
        # Here, not once before: what a round has made may be longer than what it was made of.
        _see_that_it_is_small(html)
        cleaner = _FRAME.sub(_rewritten, _CLEANER.clean(_CONTROLS.sub("", html)))
        if cleaner == html:
            _see_that_it_is_flat(html)
            return html
        html = cleaner
    raise UnfitError("It reads differently each time it is cleaned.")


def _see_that_it_is_small(html: str) -> None:
    # Characters first, so that no more than a page of text is ever encoded.
    if len(html) > MAX_BYTES or len(html.encode(errors="replace")) > MAX_BYTES:
        raise UnfitError(f"It is longer than {MAX_BYTES:,} bytes.")
    if html.count("<") > MAX_TAGS:
        raise UnfitError(f"It has more than {MAX_TAGS} tags.")


def _see_that_it_is_flat(html: str) -> None:
    depth = 0
    for slash, name in _TAG.findall(html):
        if name != "br":
            depth += -1 if slash else 1
        if depth > MAX_DEPTH:
            raise UnfitError(f"It is nested deeper than {MAX_DEPTH} elements.")


def _rewritten(match: re.Match[str]) -> str:
    frame = _read(match)
    return frame.as_html() if frame else ""


def _read(match: re.Match[str]) -> Frame | None:
    """Read a frame that nh3 has written; None if it goes where no frame may go."""
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
    # The same player, under a name that sets no cookie before the reader plays something.
    return "www.youtube-nocookie.com" if host == "www.youtube.com" else host


def _size(width: str, height: str) -> tuple[int, int]:
    if not _PIXELS.fullmatch(width) or not _PIXELS.fullmatch(height):
        return DEFAULT_SIZE
    # A frame of one pixel by a thousand would be a page of its own.
    return (int(width), int(height)) if 0.5 <= int(width) / int(height) <= 4 else DEFAULT_SIZE
