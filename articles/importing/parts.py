"""Cut the files of an import into parts, and sort the documents of a part.

An import that runs alone and a queued one do the same with each part, in the same order.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from django.db import transaction

from articles import documents
from articles.documents import DocumentError, DocumentWarning, NotNewsError
from articles.documents.batches import Parsed, Text, parse_all
from articles.importing import catalog
from articles.importing.exported import is_as_known
from articles.importing.files import FoundFile, Kind, find, read
from articles.importing.report import Report, dated_ahead
from articles.importing.rows import Incoming
from articles.models import Article, Related, SourceDocument
from newsroom.bulk import hold_write_lock, renew_statistics

BATCH_SIZE: Final = 1_000
"""Documents per transaction. More is hardly faster; fewer lets editors write more often."""
CATALOG_BATCH: Final = 100
"""Files of topics and providers in a transaction."""
BATCH_BYTES: Final = 8 * 1024 * 1024
"""Bytes after which a batch is full. 1,000 typical documents have half as many."""
STATISTICS_AFTER: Final = 1_000
"""Number of new documents after which table statistics are first updated; it then doubles."""


class Read(NamedTuple):
    """A file with its bytes and digest, or with the reason why it cannot be read."""

    file: FoundFile
    data: bytes = b""
    digest: str = ""
    error: DocumentError | None = None

    @property
    def text(self) -> Text:
        return Text(self.file.shown, self.file.name, self.data)


Part = list[Read]
"""Files that are stored in one transaction: all of the catalog, or all documents."""


def cut(
    paths: Sequence[Path], batch_size: int = BATCH_SIZE, *, catalog: bool, is_upload: bool = False
) -> Iterator[Part]:
    """Yield the documents under ``paths`` or, with ``catalog``, the catalog files, in parts."""
    size = CATALOG_BATCH if catalog else batch_size
    part: Part = []
    length = 0
    for file in find(paths, catalog=catalog, is_upload=is_upload):
        try:
            part.append(Read(file, *read(file.path, file.shown)))
        except DocumentError as error:
            part.append(Read(file, error=error))
        length += len(part[-1].data)
        if len(part) >= size or length >= BATCH_BYTES:
            yield part
            part, length = [], 0
    if part:
        yield part


def is_of_catalog(part: Part) -> bool:
    return part[0].file.kind is not Kind.ARTICLE


def unchanged(part: Part) -> set[int]:
    """Return the positions of the documents that are stored already. One query."""
    digests = {one.digest for one in part if not one.error}
    stored = SourceDocument.objects.filter(digest__any_of=digests).order_by()
    known = {
        (digest, path): exported
        for digest, path, exported in stored.values_list("digest", "path", "exported_digest")
    }
    return {
        position
        for position, one in enumerate(part)
        if not one.error and is_as_known(one.file, known.get((one.digest, one.file.name), ""))
    }


def to_parse(part: Part, known: Collection[int]) -> list[int]:
    """Return the positions of the documents to parse, if ``known`` are unchanged."""
    return [at for at, one in enumerate(part) if not one.error and at not in known]


def sort(
    part: Part,
    known: Collection[int],
    parsed: Mapping[int, Parsed],
    at: datetime,
    *,
    skip: bool = True,
    fail_fast: bool = False,
) -> tuple[list[Incoming], Report]:
    """Return the documents to store, and a report of the others and of all warnings.

    ``parsed`` are parsed documents by position; those that are missing are parsed now. With
    ``fail_fast`` the rejected document is the last.
    """
    incoming: list[Incoming] = []
    refused, warned = Report(), Report()
    for position, one in enumerate(part):
        if position in known:
            refused.unchanged += 1
            continue
        result = one.error or parsed.get(position) or parse_all([one.text])[0]
        if isinstance(result, DocumentError):
            refuse(one.file, result, refused, skip=skip)
            if fail_fast and refused.rejected:
                break
        else:
            document, stem, mark = result
            ahead = dated_ahead(one.file.shown, one.data, document, at)
            warned.warn((*document.warnings, *ahead))
            incoming.append(Incoming(one.file, one.digest, one.data, document, stem, mark))
    refused.absorb(warned)
    return incoming, refused


def refuse(file: FoundFile, error: DocumentError, report: Report, *, skip: bool) -> None:
    """Reject a file, or skip it if it lies in a walked folder and is not a news document."""
    if isinstance(error, NotNewsError) and skip and not file.is_named:
        report.skip(file.shown, error.reason)
    else:
        report.reject(error)


def store_catalog(part: Part, *, skip: bool = True, fail_fast: bool = False) -> Report:
    """Store the catalog files that changed since the import that last used them."""
    known = catalog.known_digests()
    report = Report()
    changed = [one for one in part if one.error or one.digest not in known]
    if not changed:
        return report
    with transaction.atomic():
        hold_write_lock()
        for one in changed:
            try:
                if one.error:
                    raise one.error
                with transaction.atomic():
                    warnings = _store_catalog_file(one)
            except DocumentError as error:
                refuse(one.file, error, report, skip=skip)
            except ValueError as error:
                report.reject(DocumentError(one.file.shown, 1, 1, str(error)))
            else:
                report.warn(warnings)
            if fail_fast and report.rejected:
                break
    return report


def _store_catalog_file(one: Read) -> tuple[DocumentWarning, ...]:
    """Store a topic or a provider and return the warnings. Raise DocumentError or ValueError."""
    file = one.file
    if file.kind is Kind.TOPIC:
        topic = documents.parse_topic(file.shown, one.data)
        message = catalog.store_topic_file(topic, one.digest)
        more = (DocumentWarning(file.shown, 1, 1, message),) if message else ()
        return (*topic.warnings, *more)
    provider = documents.parse_provider(file.shown, one.data)
    catalog.store_provider_file(provider, one.digest, Path(file.name).name)
    return provider.warnings


def follow_growth(before: int, after: int) -> None:
    """Renew the statistics of tables if the new documents of a run have doubled."""
    if (before // STATISTICS_AFTER).bit_length() < (after // STATISTICS_AFTER).bit_length():
        renew_statistics(Article, Related, SourceDocument)


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Collect garbage once in several batches: there are many objects and no reference cycles."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    # The garbage collector can skip everything that exists now.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
