"""Split the text of a file into front matter and body, and locate problems in it."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from articles.documents.problems import (
    JSON,
    NO_FRONT_MATTER,
    TOML,
    DocumentError,
    DocumentWarning,
    NotNewsError,
)
from newsroom.plain_text import CONTROLS, without_controls

MAX_BYTES: Final = 256 * 1024
"""Largest document read, in bytes. The largest of 2,600 real documents has 21 KB."""
MAX_WARNINGS: Final = 100
"""Largest number of warnings kept for one document."""
MARK: Final = "\ufeff"
"""The byte order mark that some text editors write before the text."""

# YAML 1.1 treats these three as line breaks: libyaml would fold them inside a value, and its line
# numbers would differ from those in a text editor. It rejects the others without a position.
ODD: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_FENCE = re.compile(r"---[ \t]*(?:\n|\Z)")
_DOTS = re.compile(r"^\.\.\.[ \t]*$", re.MULTILINE)
_NEARLY_FENCE = re.compile(r"^[ \t]*(?:[-\u2010-\u2015]{2,}|—)[ \t]*$", re.MULTILINE)
_JSON = re.compile(r"\{\s*[\"}]")
# Front matter that begins in UTF-16, with or without a byte order mark.
_UTF_16 = tuple(
    mark + "---".encode(f"utf-16-{order}")
    for order, mark in (("le", b"\xff\xfe"), ("be", b"\xfe\xff"), ("le", b""), ("be", b""))
)
# The bytes of ordinary text: a document with only these needs no further checks.
_ORDINARY = bytes([9, 10, 13, *range(0x20, 0x7F)])


class Source:
    """The text of a document, split into front matter and body, and the positions of its problems.

    ``raw`` is the text of the file without a byte order mark.
    """

    __slots__ = (
        "body",
        "closing",
        "fenced",
        "first_line",
        "has_mark",
        "has_odd_characters",
        "line_end",
        "may_hold_controls",
        "opening",
        "path",
        "raw",
        "text",
        "warnings",
        "yaml",
    )

    def __init__(self, path: str, data: bytes, *, fenced: bool = True) -> None:
        """Decode ``data``; ``fenced`` documents have ``---`` lines and a body, others are all YAML.

        Line endings become ``\\n``; ``line_end`` stores the most frequent one. Raises
        DocumentError.
        """
        self.path = path
        self.fenced = fenced
        self.first_line = 1
        self.body = ""
        self.warnings: list[DocumentWarning] = []
        self.text = self._decode(data)
        rest = data.translate(None, _ORDINARY)
        self.has_odd_characters = bool(rest) and (
            ODD.search(rest.decode()) is not None or MARK in self.text
        )
        self.yaml = self.text
        if fenced:
            self._cut()
        self.may_hold_controls = self.has_odd_characters or "\\" in self.yaml
        if "\r" in self.yaml:
            self.fail(
                self.yaml.index("\r"), "a carriage return alone: end the line with LF or CRLF"
            )
        if "\r" in self.body or self.has_odd_characters:
            self._clean_body()

    def fail(self, index: int, message: str) -> NoReturn:
        """Raise the error for the character at ``index`` of the YAML text."""
        raise self.error(index, message)

    def error(self, index: int, message: str) -> DocumentError:
        """Return the error for the character at ``index`` of the YAML text."""
        line, column = _place(self.yaml, index)
        return DocumentError(self.path, line + self.first_line - 1, column, message)

    def warn(self, index: int, message: str) -> None:
        """Add the warning for the character at ``index`` of the YAML text."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warn_of(self.error(index, message))

    def warn_of(self, error: DocumentError, outcome: str = "") -> None:
        """Add an error and its ``more`` errors as warnings; ``outcome`` says what was done."""
        for one in (error, *error.more):
            if len(self.warnings) < MAX_WARNINGS:
                message = f"{one.message} ({outcome})" if outcome else one.message
                self.warnings.append(DocumentWarning(one.path, one.line, one.column, message))

    def _warn_at(self, text: str, index: int, message: str) -> None:
        self.warnings.append(DocumentWarning(self.path, *_place(text, index), message))

    def _fail_at(self, text: str, index: int, message: str) -> NoReturn:
        raise DocumentError(self.path, *_place(text, index), message)

    def _decode(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            raise too_large(self.path, len(data))
        if self.fenced and data.startswith(_UTF_16):
            message = "this is UTF-16: save the file as UTF-8"
            raise DocumentError(self.path, 1, 1, message)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start]
            column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
            message = f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
            wrong = DocumentError(self.path, before.count(b"\n") + 1, column, message)
            if self.fenced and not begins_front_matter(data):
                wrong = NotNewsError.of(wrong, NO_FRONT_MATTER)
            raise wrong from None
        self.has_mark = text.startswith(MARK)
        if self.has_mark:
            text = text[1:]
            message = "starts with a byte order mark: save it as UTF-8 without one"
            self._warn_at(text, 0, message)
        self.raw = text
        self.line_end = "\n"
        if "\r" in text:
            windows = text.count("\r\n")
            if 2 * windows > text.count("\n"):
                self.line_end = "\r\n"
            other = r"\r(?!\n)|(?<!\r)\n" if self.line_end == "\r\n" else r"\r"
            if text.startswith("---\r") and not windows:
                self._fail_at(text, 3, "line endings of an old Mac: save the file with LF or CRLF")
            mixed = re.search(other, text)
            if mixed:
                message = "mixed line endings: use either LF or CRLF throughout"
                self._warn_at(text, mixed.start(), message)
            text = text.replace("\r\n", "\n")
        if "\0" in text:
            self._fail_at(text, text.index("\0"), "a NUL character: remove it")
        return text

    def _cut(self) -> None:
        text = self.text
        opening = _FENCE.match(text)
        if opening is None:
            raise self._without_front_matter()
        start = opening.end()
        at = start if text.startswith("---", start) else text.find("\n---", start) + 1
        while at and not (closing := _FENCE.match(text, at)):
            at = text.find("\n---", at) + 1
        if not at or closing is None:
            self._fail_unclosed(start)
        self.yaml = text[start:at]
        self.body = text[closing.end() :]
        self.opening = opening.group()
        self.closing = closing.group()
        self.first_line = 2

    def _without_front_matter(self) -> DocumentError:
        text = self.text
        start = len(text) - len(text.lstrip())
        first = text[start:]
        if _FENCE.match(first):
            message = "the front matter begins here: remove the spaces and blank lines before it"
            return DocumentError(self.path, *_place(text, start), message)
        if text.startswith("--- "):
            message = "the first line must be three hyphens (---) and nothing else"
            return DocumentError(self.path, 1, 5, message)
        message, reason = (
            "expected a first line of three hyphens (---) before the front matter",
            NO_FRONT_MATTER,
        )
        if first.startswith("+++"):
            message, reason = "this is TOML front matter: write it as YAML between --- lines", TOML
        elif _JSON.match(first):
            message, reason = "this is JSON front matter: write it as YAML between --- lines", JSON
        place = (1, 1) if reason == NO_FRONT_MATTER else _place(text, start)
        return NotNewsError.of(DocumentError(self.path, *place, message), reason)

    def _fail_unclosed(self, start: int) -> NoReturn:
        text = self.text
        dots = _DOTS.search(text, start)
        if dots:
            self._fail_at(
                text, dots.start(), "the front matter ends with ... here: write --- instead"
            )
        nearly = _NEARLY_FENCE.search(text, start)
        if nearly:
            message = "expected a closing line of exactly three hyphens (---)"
            self._fail_at(text, nearly.start(), message)
        last = text.rstrip("\n").count("\n") + 1
        message = "expected a closing line of three hyphens (---), found the end of the file"
        raise DocumentError(self.path, last, 1, message)

    def _clean_body(self) -> None:
        """Remove characters from the body that pages cannot show. They remain in ``raw``."""
        found = CONTROLS.search(self.body)
        if found:
            index = len(self.text) - len(self.body) + found.start()
            self._warn_at(self.text, index, control_message(found.group()))
        self.body = without_controls(self.body.replace("\r", "\n"))


def begins_front_matter(data: bytes) -> bool:
    """Whether a file's first bytes open front matter."""
    return data.removeprefix(MARK.encode()).lstrip().startswith(b"---")


def too_large(path: str, size: int) -> DocumentError:
    """Return the error for a document of ``size`` bytes, which is too large."""
    return DocumentError(path, 1, 1, f"{size:,} bytes: a document has at most {MAX_BYTES:,}")


def control_message(character: str) -> str:
    return f"control character U+{ord(character):04X}: remove it (it is left out)"


def _place(text: str, index: int) -> tuple[int, int]:
    """Return the line and column of a character of ``text``."""
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")
