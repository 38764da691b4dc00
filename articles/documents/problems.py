"""Problems of a document: errors reject it, warnings do not."""

from __future__ import annotations

from typing import Final, NamedTuple, Self


class DocumentWarning(NamedTuple):
    """A bad value that was left out or corrected: what is wrong, where, and what to do."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return _sentence(self)


class DocumentError(ValueError):
    """An error in a document: what is wrong, where, and what to do.

    Its text is ``path:line:column: message``; lines and columns (in characters) count from 1.
    ``more`` holds the document's other errors in order of position, and ``warnings`` its warnings;
    both are empty if the YAML itself is invalid.
    """

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        super().__init__(path, line, column, message)
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.more: tuple[DocumentError, ...] = ()
        self.warnings: tuple[DocumentWarning, ...] = ()

    def __str__(self) -> str:
        return _sentence(self)


class NotNewsError(DocumentError):
    """The file is not a news document: an import of its folder skips it.

    ``reason`` completes the message "3 files are not news documents: …".
    """

    reason: str

    @classmethod
    def of(cls, error: DocumentError, reason: str) -> Self:
        found = cls(error.path, error.line, error.column, error.message)
        found.reason = reason
        found.more = error.more
        found.warnings = error.warnings
        return found


NO_FRONT_MATTER: Final = "no front matter"
TOML: Final = "TOML front matter"
JSON: Final = "JSON front matter"
NO_NEWS_KEYS: Final = "neither publishedDateTime nor provider"
NO_QUALITY: Final = "heat or published without quality"


def shown(text: str) -> str:
    """Shorten ``text`` for a message and escape control characters."""
    text = text if len(text) <= 40 else f"{text[:39]}…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _sentence(problem: DocumentError | DocumentWarning) -> str:
    path = problem.path if problem.path.isprintable() else ascii(problem.path)[1:-1]
    return f"{path}:{problem.line}:{problem.column}: {problem.message}"
