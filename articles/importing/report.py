"""What an import did: counts, and problems that a person should look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import F

from articles.documents import DocumentError
from articles.models import ImportProblem, ImportRun

COUNTS: Final = ("created", "updated", "unchanged", "conflicts", "rejected", "stubs")
_ERROR: Final = ("path", "line", "column", "message")


@dataclass(slots=True)
class Report:
    """The result of one run; the same for a dry run, which has no ``run``."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0
    rejected: int = 0
    stubs: int = 0
    problems: list[ImportProblem] = field(default_factory=list)
    seconds: float = 0.0
    run: ImportRun | None = None
    interrupted: bool = False

    @property
    def done(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected

    def reject(self, error: DocumentError) -> None:
        """Count a rejected document and keep all its errors."""
        self.rejected += 1
        for one in (error, *error.more):
            place = {name: getattr(one, name) for name in _ERROR}
            self.problems.append(ImportProblem(kind=ImportProblem.Kind.ERROR, **place))

    def add(self, kind: ImportProblem.Kind, path: str, message: str, **details: Any) -> None:
        """Add a problem that rejects no document."""
        self.problems.append(ImportProblem(kind=kind, path=path, message=message, details=details))

    def absorb(self, other: Report) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems

    def record(self, run: ImportRun | None) -> None:
        """Store the problems, and add the counts to those of the run. A dry run has none."""
        if run is None:
            return
        for problem in self.problems:
            problem.run = run
        ImportProblem.objects.bulk_create(self.problems, batch_size=500)
        counts = {name: F(name) + getattr(self, name) for name in COUNTS}
        ImportRun.objects.filter(pk=run.pk).update(**counts)

    def of(self, kind: ImportProblem.Kind) -> Iterable[ImportProblem]:
        return (problem for problem in self.problems if problem.kind == kind)

    def as_json(self) -> dict[str, Any]:
        """Return the report that ``import_seeds --format json`` prints."""
        kinds = ImportProblem.Kind
        return {
            **{name: getattr(self, name) for name in COUNTS},
            "duplicates": [problem.details for problem in self.of(kinds.DUPLICATE)],
            "score_differences": [problem.details for problem in self.of(kinds.SCORE)],
            "errors": [
                {name: getattr(problem, name) for name in _ERROR}
                for problem in self.of(kinds.ERROR)
            ],
            "seconds": round(self.seconds, 3),
            "run": self.run.pk if self.run else None,
        }

    def as_text(self) -> str:
        """Return the report for people: the counts, then one line per problem."""
        counts = ", ".join(f"{getattr(self, name):,} {name}" for name in COUNTS)
        rate = f" ({self.done / self.seconds:,.0f} documents/s)" if self.seconds else ""
        lines = [f"{counts} in {self.seconds:.1f} s{rate}"]
        for kind in ImportProblem.Kind:
            if kind is not ImportProblem.Kind.ERROR:
                lines += [f"{kind.label}: {problem}" for problem in self.of(kind)]
        if self.run is None:
            lines.append("Dry run: nothing was written.")
        return "\n".join(lines)
