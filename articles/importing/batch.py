"""Store a batch of documents, except those that the database refuses.

Each step takes values and returns values: ``match`` finds the article of each document, ``plan``
works out all changes, ``write`` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from articles import heat
from articles.documents import DocumentError
from articles.importing import catalog
from articles.importing.identity import Directory
from articles.importing.matching import match
from articles.importing.planning import plan
from articles.importing.report import Report
from articles.importing.rows import Incoming
from articles.importing.writing import write
from articles.models import ImportRun
from articles.tracking.sets import in_sets
from newsroom import bulk


def store(incoming: Sequence[Incoming], run: ImportRun, at: datetime) -> Report:
    """Store documents in one transaction, count them in ``run`` and return the batch's report.

    If the database refuses a document, it is rejected by name and the others are stored.
    """
    try:
        with transaction.atomic(), in_sets(len(incoming)):
            bulk.hold_write_lock()
            report = Report()
            policy = heat.current_policy()
            left = incoming
            while left:
                keys = {one.document.key for one in left}
                keys.update(entry.key for one in left for entry in one.document.related)
                paths, stems = {one.file.name for one in left}, {one.stem for one in left}
                directory = Directory(run.pk, keys, paths, stems)
                matches = match(left, directory)
                # Write providers first, because their trigger locks articles in this order.
                documents = [one.document for _, one in matches.pairs]
                providers = catalog.store_providers(
                    (one.document, one.stem) for _, one in matches.pairs
                )
                topics = catalog.store_topics({name for one in documents for name in one.topics})
                planned = plan(matches, directory, policy, at)
                write(planned, providers, topics, run, at, policy)
                report.absorb(planned.report())
                left = matches.later
            report.record(run)
            return report
    except (OperationalError, InterfaceError):
        # No document is at fault: the disk is full, or the connection or lock was lost.
        raise
    except (DatabaseError, ValueError) as error:
        if len(incoming) == 1:
            report = Report()
            report.reject(
                DocumentError(incoming[0].file.shown, 1, 1, f"could not be stored: {error}")
            )
            report.record(run)
            return report
    middle = len(incoming) // 2
    report = store(incoming[:middle], run, at)
    report.absorb(store(incoming[middle:], run, at))
    return report
