"""The result of an import: counts, and problems that somebody should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from django.db.models import Case, F, Value, When
from django.utils import timezone

from articles.documents import ArticleDocument, DocumentError, DocumentWarning, iso
from articles.models import ImportProblem, ImportRun
from articles.scoring import GRACE

COUNTS: Final = (
    "created",
    "updated",
    "unchanged",
    "retitled",
    "conflicts",
    "rejected",
    "warned",
    "skipped",
    "stubs",
)
_SHOWN_AS: Final = {"stubs": "link-only"}
PLACES: Final = 3
"""How many places to name for each message in the text report."""
_ERROR: Final = ("path", "line", "column", "message")


@dataclass(slots=True)
class Report:
    """The result of a run. A dry run has the same, but no ``run``."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    retitled: int = 0
    conflicts: int = 0
    rejected: int = 0
    warned: int = 0
    skipped: int = 0
    stubs: int = 0
    problems: list[ImportProblem] = field(default_factory=list)
    skips: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many files were skipped, by folder and reason."""
    policy: dict[str, Any] | None = None
    """Which policy explains the most scores of the run's documents, if any document has one."""
    seconds: float = 0.0
    run: ImportRun | None = None
    interrupted: bool = False
    stopped: int = 0
    """The exit status of the signal that stopped the run, or 0."""

    @classmethod
    def of_run(cls, run: ImportRun, policy: dict[str, Any] | None) -> Self:
        """Return the report of a run that has ended, from its row and its problems."""
        report = cls(**{name: getattr(run, name) for name in COUNTS}, policy=policy)
        report.problems = list(run.problems.order_by("pk"))
        report.run = None if run.state == ImportRun.State.CHECKED else run
        report.interrupted = run.state == ImportRun.State.INTERRUPTED
        if run.finished_at:
            report.seconds = (run.finished_at - run.started_at).total_seconds()
        return report

    @property
    def done(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected + self.skipped

    def reject(self, error: DocumentError) -> None:
        """Count a rejected document and keep all its errors and warnings."""
        self.rejected += 1
        self._place(ImportProblem.Kind.ERROR, (error, *error.more))
        self.warn(error.warnings)

    def warn(self, warnings: Sequence[DocumentWarning]) -> None:
        """Count a document with warnings, if there are any, and keep them."""
        if warnings:
            self.warned += 1
            self._place(ImportProblem.Kind.WARNING, warnings)

    def _place(
        self, kind: ImportProblem.Kind, found: Iterable[DocumentError | DocumentWarning]
    ) -> None:
        for one in found:
            place = {name: getattr(one, name) for name in _ERROR}
            self.problems.append(ImportProblem(kind=kind, **place))

    def skip(self, path: str, reason: str) -> None:
        """Count a file of a folder that is not a news document."""
        self.skipped += 1
        folder, slash, _ = path.rpartition("/")
        self.skips[folder + slash, reason] += 1

    def add(self, kind: ImportProblem.Kind, path: str, message: str, **details: Any) -> None:
        """Add a problem that rejects no document."""
        self.problems.append(ImportProblem(kind=kind, path=path, message=message, details=details))

    def absorb(self, other: Report) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems
        self.skips.update(other.skips)
        self.policy = other.policy or self.policy

    def record(self, run: ImportRun) -> None:
        """Store the problems, add the counts to those of the run, and give a sign of life."""
        for problem in self.problems:
            problem.run = run
        if self.problems:
            ImportProblem.objects.bulk_create(self.problems, batch_size=500)
        counts = {name: F(name) + count for name in COUNTS if (count := getattr(self, name))}
        # A run that was marked as killed turns out to be running.
        is_killed = When(state=ImportRun.State.KILLED, then=Value(ImportRun.State.RUNNING))
        signs = {"alive_at": timezone.now(), "state": Case(is_killed, default=F("state"))}
        ImportRun.objects.filter(pk=run.pk).update(**counts, **signs)

    def of(self, kind: ImportProblem.Kind) -> Iterable[ImportProblem]:
        return (problem for problem in self.problems if problem.kind == kind)

    def as_json(self) -> dict[str, Any]:
        """Return the report that ``import_seeds --format json`` prints."""
        kinds = ImportProblem.Kind
        return {
            **{name: getattr(self, name) for name in COUNTS},
            "duplicates": [problem.details for problem in self.of(kinds.DUPLICATE)],
            "score_differences": [problem.details for problem in self.of(kinds.SCORE)],
            "policy": self.policy,
            "errors": self._placed(kinds.ERROR),
            "warnings": self._placed(kinds.WARNING),
            "seconds": round(self.seconds, 3),
            "run": self.run.pk if self.run else None,
        }

    def _placed(self, kind: ImportProblem.Kind) -> list[dict[str, Any]]:
        return [{name: getattr(one, name) for name in _ERROR} for one in self.of(kind)]

    def lines(self, kind: ImportProblem.Kind) -> Iterator[str]:
        """Yield the problems of a kind for people: equal ones grouped, with up to PLACES places."""
        places: dict[str, list[str]] = {}
        for problem in self.of(kind):
            places.setdefault(problem.message, []).append(problem.place)
        for message, found in places.items():
            if len(found) == 1:
                yield f"{found[0]}: {message}" if found[0] else message
            else:
                named = ", ".join(filter(None, found[:PLACES]))
                more = f" and {len(found) - PLACES:,} more" if len(found) > PLACES else ""
                yield f"{len(found):,} times: {message}: {named}{more}"

    def as_text(self) -> str:
        """Return the report for people: the counts, then a line for each different problem."""
        counts = ", ".join(
            f"{getattr(self, name):,} {_SHOWN_AS.get(name, name)}" for name in COUNTS
        )
        rate = f" ({self.done / self.seconds:,.0f} documents/s)" if self.seconds else ""
        lines = [f"{counts} in {self.seconds:.1f} s{rate}"]
        for kind in ImportProblem.Kind:
            if kind is not ImportProblem.Kind.ERROR:
                lines += [f"{kind.label}: {line}" for line in self.lines(kind)]
        if self.run is None:
            lines.append("Dry run: nothing was written.")
        elif self.created or self.updated:
            lines.append(
                f"This was import {self.run.pk}. Undo it: manage.py undo_import {self.run.pk}"
            )
        return "\n".join(lines)


def dated_ahead(
    path: str, data: bytes, document: ArticleDocument, at: datetime
) -> tuple[DocumentWarning, ...]:
    """Return a warning if a document is dated in the future, at the line of its date."""
    if document.published_at <= at + GRACE:
        return ()
    before, found, _ = data.partition(b"\npublishedDateTime:")
    place = (before.count(b"\n") + 2, len("publishedDateTime: ") + 1) if found else (1, 1)
    message = (
        f"the date {iso(document.published_at)} is in the future: readers see the article from "
        "then on, and until then it is under Scheduled; correct the date if it is wrong"
    )
    return (DocumentWarning(path, *place, message),)


def skipped_files(skips: Counter[tuple[str, str]]) -> Report:
    """Return one problem for each folder and reason, in the order of the folders."""
    part = Report()
    for (folder, reason), count in sorted(skips.items()):
        what = "file is not a news document" if count == 1 else "files are not news documents"
        message = f"{count:,} {what}: {reason}"
        part.add(ImportProblem.Kind.SKIPPED, folder, message, reason=reason, count=count)
    return part
