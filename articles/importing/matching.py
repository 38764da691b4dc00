"""Find the article of each document of a batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from articles.documents import DocumentError, parse, slug_for, stem_of
from articles.importing.exported import is_returned
from articles.importing.files import read
from articles.importing.identity import Directory, Row
from articles.importing.rows import Incoming, Pair


@dataclass(slots=True)
class Matches:
    """The documents of a batch by kind; each article occurs at most once in the first three.

    ``later`` are further documents of an article of this batch: match them after it is written.
    ``repathed`` are articles whose unchanged document has moved to another path.
    """

    new: list[Pair] = field(default_factory=list)
    filled: list[Pair] = field(default_factory=list)
    known: list[Pair] = field(default_factory=list)
    later: list[Incoming] = field(default_factory=list)
    repathed: list[Row] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[DocumentError] = field(default_factory=list)

    @property
    def written(self) -> list[Pair]:
        """The documents that do not need merging."""
        return self.new + self.filled

    @property
    def pairs(self) -> list[Pair]:
        return self.new + self.filled + self.known


def match(incoming: Iterable[Incoming], directory: Directory) -> Matches:
    """Sort documents into new ones, those of coverage-only articles and those of known articles.

    New ones are added to the directory; filled coverage-only articles become documents there.
    """
    matches = Matches()
    taken: set[Row] = set()
    for one in incoming:
        document = one.document
        row = _article_of(one, directory)
        if row and row.digest == one.digest and not is_returned(one.file, one.digest):
            matches.unchanged += 1
            if row.path != one.file.name and row not in taken and not _is_second_copy(row, one):
                row.path = one.file.name
                matches.repathed.append(row)
        elif row in taken:
            matches.later.append(one)
        elif row is None:
            row = Row(0, "", one.stem, document.url, document.published_at)
            row.path, row.digest = one.file.name, one.digest
            directory.add(row)
            taken.add(row)
            matches.new.append((row, one))
        elif row.coverage_only:
            directory.move(row, url=document.url, stem=one.stem)
            row.coverage_only, row.published_at = False, document.published_at
            row.path, row.digest = one.file.name, one.digest
            taken.add(row)
            matches.filled.append((row, one))
        elif _is_second_copy(row, one):
            message = (
                f"has the slug and the URL of {row.path}, which is still there, but another "
                "text: keep one of the two files"
            )
            matches.rejected.append(DocumentError(one.file.shown, 1, 1, message))
        else:
            taken.add(row)
            matches.known.append((row, one))
    return matches


def _article_of(one: Incoming, directory: Directory) -> Row | None:
    stem, document = one.stem, one.document
    row = directory.match(one.file.name, stem, document.url)
    if (
        row
        and row.path == one.file.name
        and (row.stem, row.url) != (stem, document.url)
        and _is_second_copy(row, one)
    ):
        # Only the file name matches, and the other file is in another folder.
        row = directory.match("", stem, document.url)
    if row is None or row.coverage_only:
        computed = slug_for(document.title, document.published_at, document.url)
        for same in directory.at(document.url):
            # It was exported under its slug, which has a number that its stem does not have.
            if same.slug == stem and (same.digest == one.digest or same.stem == computed):
                return same
    return row


def _is_second_copy(row: Row, one: Incoming) -> bool:
    """Return whether the file that the article came from still exists."""
    if row.path is None:
        return False
    for root in one.file.roots:
        first = Path(root) / row.path
        if first.is_file() and not first.samefile(one.file.path):
            try:
                data, digest = read(str(first), "")
                document = parse("", data)
            except DocumentError:
                return row.path != one.file.name
            if digest == row.digest:
                return True
            # The first file changed and may be another article now. Two files with the same name in
            # different folders may always have been two articles.
            if row.path != one.file.name:
                return (stem_of(row.path, document), document.url) == (row.stem, row.url)
    return False
