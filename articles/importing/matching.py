"""Find the article of each document of a batch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from articles.documents import DocumentError
from articles.importing.beside import Other, is_another_file, others
from articles.importing.exported import is_returned
from articles.importing.identity import Directory, Row
from articles.importing.rows import Incoming, Pair
from articles.models import ImportRun

_NEIGHBORS: Final = 50
"""How many neighboring files to look for, to recognize a document's folder."""


@dataclass(slots=True)
class Matches:
    """The documents of a batch by kind; each article occurs at most once in the first three.

    ``later`` are further documents of an article of this batch: match them after it is written.
    ``repathed`` are articles whose unchanged document has another path now, or none (a blank one).
    ``retitled`` have the former slugs of articles that came back under another file name.
    """

    new: list[Pair] = field(default_factory=list)
    filled: list[Pair] = field(default_factory=list)
    known: list[Pair] = field(default_factory=list)
    later: list[Incoming] = field(default_factory=list)
    repathed: list[Row] = field(default_factory=list)
    retitled: dict[str, Row] = field(default_factory=dict)
    unchanged: int = 0

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
        same_file = _same_file(one, directory)
        row = same_file or _same_page(one, directory)
        is_known = row and row.digest == one.digest and one.stem in {row.stem, row.slug}
        if row and is_known and not is_returned(one.file, one.digest):
            matches.unchanged += 1
            if row is not same_file and not _is_in_run(row, one):
                directory.move(row, path=one.file.name)
                matches.repathed.append(row)
        elif row in taken:
            matches.later.append(one)
        elif row is None or row.coverage_only:
            _release_path(one, directory, matches)
            taken.add(_begin(row, one, directory, matches))
        elif row is same_file:
            taken.add(row)
            row.digest = one.digest
            matches.known.append((row, one))
        else:
            taken.add(row)
            if row.path is not None and one.stem not in {row.stem, row.slug}:
                row.takes_slug = True
                matches.retitled[row.slug] = row
            directory.move(row, path=one.file.name, stem=one.stem)
            row.digest = one.digest
            matches.known.append((row, one))
    return matches


def _begin(row: Row | None, one: Incoming, directory: Directory, matches: Matches) -> Row:
    """Make a row for a new article, or fill a coverage-only article with its document."""
    document = one.document
    pairs = matches.filled if row else matches.new
    if row is None:
        domain = document.provider.key
        key, at = document.key, document.published_at
        row = Row(0, "", one.stem, key, document.url, domain, at)
    else:
        directory.remove(row)
        row.coverage_only, row.stem, row.published_at = False, one.stem, document.published_at
        row.url, row.provider = document.url, document.provider.key
    row.path, row.digest = one.file.name, one.digest
    row.run = row.created_by = directory.run
    directory.add(row)
    pairs.append((row, one))
    return row


def _same_file(one: Incoming, directory: Directory) -> Row | None:
    """Return the article that came from the same file, unless the file has another article now.

    It has the same address key. With another key it must have the same provider, and the key must
    not belong to an article whose own file is gone: in that case, that file was renamed to this
    name.
    """
    provider = one.document.provider.key
    others = (row for row in directory.having(one.document.key) if row.path != one.file.name)
    if any(row.path and not _is_in_run(row, one) for row in others):
        provider = ""
    rows = [
        row
        for row in directory.at_path(one.file.name)
        if one.document.key in {row.key, *row.former_keys} or row.provider == provider
    ]
    # Files with the same path may lie in several folders of the run.
    rows = [row for row in rows if row.digest == one.digest or not _is_of_another_root(row, one)]
    return min(
        rows,
        key=lambda row: (row.digest != one.digest, row.key != one.document.key),
        default=None,
    )


def _same_page(one: Incoming, directory: Directory) -> Row | None:
    """Return the article of a document from another file, by its address key.

    The article's own file must be gone. If its slug differs as well, the whole folder must be
    imported: then the article was retitled. A copy of its file also belongs to it. The article may
    have been written by hand, or be coverage-only.
    """
    rows = directory.at(one.document.key)
    documents = [row for row in rows if row.path is not None]
    others = [row for row in rows if row.path is None]
    copies = [row for row in documents if one.stem in {row.stem, row.slug}]
    same = [row for row in copies if row.digest == one.digest and _is_unchanged(row, one)]
    same += [row for row in copies if not _is_in_run(row, one)]
    if not same and one.file.is_whole:
        gone = (
            row for row in documents if not _is_in_run(row, one) and not _is_elsewhere(row, one)
        )
        same = sorted(gone, key=lambda row: row.published_at != one.document.published_at)
    return next(iter((*same, *others)), None)


def _is_of_another_root(row: Row, one: Incoming) -> bool:
    """Whether an article came from a file of the same path in another folder of this run."""
    for other in others(one.file, one.file.name):
        with suppress(DocumentError):
            if other.digest == row.digest or other.key == row.key != one.document.key:
                return True
    return False


def _is_in_run(row: Row, one: Incoming) -> bool:
    """Whether the file of an article is another file in the folders of this run.

    A file that now has another document does not count.
    """
    found = others(one.file, row.path) if row.path else ()
    return any(_is_about(other, row) for other in found)


def _is_unchanged(row: Row, one: Incoming) -> bool:
    """Whether the file of an article is another file of this run, with the same text as before."""
    found = others(one.file, row.path) if row.path else ()
    return any(other.digest == row.digest for other in found)


def _is_about(other: Other, row: Row) -> bool:
    """Whether a file contains the document of an article, or cannot be read."""
    try:
        return other.digest == row.digest or other.key in {row.key, *row.former_keys}
    except DocumentError:
        return True


def _is_elsewhere(row: Row, one: Incoming) -> bool:
    """Whether the file of an article still exists in another newsroom's folder.

    Two newsrooms may publish the same report. If this run has none of its neighboring files, the
    folder belongs to another newsroom. Otherwise it is an older version of the folder of this run.
    """
    if not row.path or row.run is None:
        return False
    run = ImportRun.objects.filter(pk=row.run).values_list("folders", flat=True)
    for folder in next(iter(run), []):
        own = Path(folder, row.path)
        if folder not in one.file.roots and is_another_file(own, one.file):
            with os.scandir(own.parent) as entries:
                names = [entry.name for entry in islice(entries, _NEIGHBORS)]
            inner = Path(row.path).parent
            beside = [inner / name for name in names if name != own.name]
            here = (Path(root) / one for root in one.file.roots for one in beside)
            if beside and not any(path.exists() for path in here):
                return True
    return False


def _release_path(one: Incoming, directory: Directory, matches: Matches) -> None:
    """Take the path from articles whose file has been replaced by that of another article."""
    for row in directory.at_path(one.file.name):
        if not _is_of_another_root(row, one):
            directory.move(row, path="")
            matches.repathed.append(row)
