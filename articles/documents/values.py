"""Check and convert single values of a document.

A converter takes the source and a node, and returns the value or raises DocumentError at the node's
position. It corrects what it can, with a warning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from articles.documents.frontmatter import Node, plain_kind
from articles.documents.source import Source, control_message
from articles.documents.yaml_text import Extra, Plain
from newsroom.iso_dates import FIRST_YEAR, LAST_YEAR, is_storable
from newsroom.plain_text import CONTROLS, decoded, is_visible, without_controls
from newsroom.web_url import ascii_domain

MAX_QUALITY: Final = 1000
"""Highest quality, in heat points. Real documents have 1 to 154."""
MAX_SIZE: Final = 100_000
"""Largest width and height of an image, in pixels: anything above is a mistake."""
MAX_URL_BYTES: Final = 2_000
"""Longest URL, in UTF-8 bytes. PostgreSQL cannot index values over 2,704 bytes."""
MAX_LINE: Final = 1_000
"""Longest title or name, in characters."""
MAX_LANGUAGE: Final = 16
"""Longest language tag, in characters."""

_TIME = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]| +)(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r" ?(Z|z|UTC|GMT|[-+]\d\d(?::?\d\d)?)?\Z",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?\Z", re.ASCII)
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,8})\Z", re.ASCII)
_HTTP = re.compile(r"https?://[^\s/?#\\]+(?:[/?#][^\t\n\r]*)?\Z", re.IGNORECASE)
# An entity must end with a semicolon: "&copy=1" is a parameter.
_ENTITY = re.compile(r"&(?:amp|AMP|apos|quot|QUOT|lt|LT|gt|GT|#[0-9]+|#[xX][0-9a-fA-F]+);")
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:(?=//))?(?://)?([^\s/?#\\@:]+)\.?(?::\d*)?(?:[/?#]|\Z)", re.I
)
# BCP 47 without obsolete forms: language, script, region, variants, extensions.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z", re.ASCII)
# Full stops that Chinese and Japanese keyboards produce.
_DOTS: Final = dict.fromkeys(map(ord, "\u3002\uff0e\uff61"), ".")
_SHORT_ESCAPES = {
    "\0": "0", "\x07": "a", "\x08": "b", "\x0b": "v", "\x0c": "f", "\x1b": "e", "\x85": "N",
}  # fmt: skip

Converter = Callable[[Source, Node], Any]


def opaque(source: Source, node: Node) -> str:
    """Return a text exactly as it is written."""
    value = node.value
    if type(value) is not str or (node.plain and plain_kind(value) is not None):
        is_quotable = type(value) is str and not node.is_null
        advice = "put it in quotes" if is_quotable else "write a single text"
        if type(value) is dict:
            advice = f"{advice}, in quotes if it holds a colon"
        if node.comment is not None and node.is_null:
            source.fail(node.comment, "the # begins a comment: put the value in quotes")
        source.fail(node.index, f"expected a string, found {node.describe()}: {advice}")
    return value


def text(source: Source, node: Node) -> str:
    value = opaque(source, node)
    if node.comment is not None:
        message = "the # begins a comment, which is cut off: put the value in quotes to keep it"
        source.warn(node.comment, message)
    if source.may_hold_controls and (found := CONTROLS.search(value)):
        source.warn(_place_of(source, node, found.group()), control_message(found.group()))
        value = without_controls(value)
    return value


def _place_of(source: Source, node: Node, character: str) -> int:
    """Return where a value contains a control character, literal or escaped."""
    code = ord(character)
    escapes = rf"\\(?:x{code:02x}|u{code:04x}|U{code:08x})"
    short = _SHORT_ESCAPES.get(character)
    if short:
        escapes += rf"|\\(?-i:{short})"
    found = re.compile(f"{re.escape(character)}|{escapes}", re.IGNORECASE).search(
        source.yaml, node.index
    )
    return found.start() if found else node.index


def line(source: Source, node: Node) -> str:
    value = text(source, node)
    if not is_visible(value):
        is_empty = not opaque(source, node).strip(" \t\n")
        what = "found an empty string" if is_empty else "found nothing that can be seen"
        source.fail(node.index, f"expected some text, {what}")
    if len(value) > MAX_LINE:
        source.fail(node.index, f"{len(value):,} characters: expected at most {MAX_LINE:,}")
    return value


def _visible(value: str) -> str:
    """Return ``value`` without its invisible characters."""
    return "".join(one for one in value if unicodedata.category(one) != "Cf")


def url(source: Source, node: Node) -> str:
    written = value = text(source, node).strip(" \t\r\n")
    if "&" in value and ";" in value:
        value = _ENTITY.sub(lambda match: decoded(match[0]), value)
    if not _HTTP.match(value):
        what = found(node) if written else 'found ""'
        message = f"expected a URL that starts with http:// or https://, {what}"
        if re.search(r"[\t\n\r]", value):
            message = f"a line break or tab inside a URL, {what}: remove it"
        elif re.match("https?://", value, re.IGNORECASE):
            message = f"a URL without a usable host, {what}: correct what follows //"
        source.fail(node.index, message)
    if len(value) > 500 and len(value.encode()) > MAX_URL_BYTES:
        source.fail(node.index, f"URL too long: expected at most {MAX_URL_BYTES:,} bytes")
    return value


def image_url(source: Source, node: Node) -> str:
    value = url(source, node)
    if " " in value:
        source.fail(node.index, f"a blank inside a URL, {found(node)}: write it as %20")
    return value


def logo_url(source: Source, node: Node) -> str:
    if type(node.value) is str and re.match(r"/[^/\\\s]\S*\Z", node.value):
        return node.value
    return image_url(source, node)


def time(source: Source, node: Node) -> datetime:
    value = node.value
    match = _TIME.match(value) if type(value) is str else None
    if match is None:
        advice = ": add the time of day" if type(value) is str and _DATE.match(value) else ""
        expected = "expected a time such as 2020-08-17T08:14:00Z"
        source.fail(node.index, f"{expected}, {found(node)}{advice}")
    *numbers, second, fraction, zone = match.groups()
    if zone is None:
        source.fail(node.index, f"no time zone in {value}: write it in UTC, with a final Z")
    year, month, day, hour, minute = map(int, numbers)
    is_leap = second == "60" and minute == 59
    if is_leap:
        message = "a leap second, taken as second 59: write 59"
        second, fraction = "59", None
        source.warn(node.index, message)
    for name, number, most in (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59)):
        if int(number or 0) > most:
            source.fail(node.index, f"impossible time {value}: the {name} goes from 0 to {most}")
    offset = _offset(zone)
    if offset is None:
        source.fail(node.index, f"impossible time {value}: an offset goes from -23:59 to +23:59")
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    try:
        moment = datetime(year, month, day, hour, minute, int(second or 0), microsecond, UTC)
        if offset:
            moment -= offset
        is_in_range = is_storable(moment)
    except ValueError:
        if FIRST_YEAR <= year <= LAST_YEAR:
            source.fail(node.index, f"impossible time {value}: there is no such day")
        is_in_range = False
    except OverflowError:
        is_in_range = False
    if not is_in_range:
        years = f"expected a year {FIRST_YEAR} to {LAST_YEAR}"
        source.fail(node.index, f"impossible time {value}: {years}")
    return moment


def _offset(zone: str) -> timedelta | None:
    if zone[0] not in "+-":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def _whole(source: Source, node: Node, least: int, most: int) -> int:
    value = node.value
    if type(value) is str and node.plain and _WHOLE_NUMBER.match(value):
        number = int(value)
        if least <= number <= most:
            return number
    expected = f"expected a whole number from {least} to {most:,}"
    raise source.error(node.index, f"{expected}, {found(node)}")


def quality(source: Source, node: Node) -> int:
    return _whole(source, node, 0, MAX_QUALITY)


def heat(source: Source, node: Node) -> int:
    return _whole(source, node, -1, 30_000)


def size(source: Source, node: Node) -> int:
    return _whole(source, node, 0, MAX_SIZE)


def flag(source: Source, node: Node) -> bool:
    value = node.value
    if not node.plain or value not in {"true", "false", "True", "False", "TRUE", "FALSE"}:
        source.fail(node.index, f"expected true or false without quotes, {found(node)}")
    return value in {"true", "True", "TRUE"}


def kind(source: Source, node: Node) -> str:
    value = node.value
    if type(value) is not str or value not in {"article", "video"}:
        source.fail(node.index, f"expected article or video, {found(node)}")
    return value


def decision(source: Source, node: Node) -> str:
    value = node.value
    if type(value) is not str or value not in {"publish", "hold", "withdraw"}:
        source.fail(node.index, f"expected publish, hold or withdraw, {found(node)}")
    return value


def language(source: Source, node: Node) -> str:
    value = node.value
    # YAML reads "no", the tag of Norwegian, as false.
    if type(value) is not str or len(value) > MAX_LANGUAGE or not _LANGUAGE.match(value):
        source.fail(node.index, f"expected a language such as es or pt-BR, {found(node)}")
    return value


def domain(source: Source, node: Node) -> str:
    """Return a domain in ASCII; for a URL or a path, return the host and warn."""
    value = line(source, node).strip(" ")
    host = value
    ascii_host = ascii_domain(value)
    if ascii_host is None:
        match = _HOST.match(_visible(value).translate(_DOTS).strip())
        host = match[1].rstrip(".") if match else ""
        ascii_host = ascii_domain(host)
    if ascii_host is None:
        source.fail(node.index, f"expected a domain such as nypost.com, {found(node)}")
    if host != value:
        source.warn(node.index, f"expected a domain, {found(node)}: write {host} (it is taken)")
    return ascii_host


def slug(source: Source, node: Node) -> str:
    value = opaque(source, node)
    if not re.fullmatch(r"[\w-]{1,100}", value):
        source.fail(node.index, f"expected letters, digits and hyphens, {found(node)}")
    return value


def topic(source: Source, node: Node) -> str:
    name = line(source, node)
    if not any(map(str.isalnum, name)):
        source.fail(node.index, f"expected a topic with letters or digits, {found(node)}")
    return name


def items(source: Source, node: Node) -> list[Node]:
    if type(node.value) is not list:
        source.fail(node.index, f"expected a list, {found(node)}: start each item with a hyphen")
    return node.value


def unknown(node: Node) -> Extra:
    """Return the value of an unknown key as it is."""
    value = node.value
    if isinstance(value, str):
        return Plain(value) if node.plain and plain_kind(value) is not None else value
    if isinstance(value, list):
        return [unknown(item) for item in value]
    return {key: unknown(item) for key, item in value.items()}


def found(node: Node) -> str:
    return f"found {node.describe()}"
