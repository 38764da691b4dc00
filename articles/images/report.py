"""The report of a run that stores images."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from articles.documents import iso


@dataclass(frozen=True, slots=True)
class Failure:
    """A URL whose image is not stored, and why."""

    url: str
    reason: str
    next_try_at: datetime | None
    """None if it will not be tried again."""

    def __str__(self) -> str:
        again = f" Next try: {iso(self.next_try_at)}" if self.next_try_at else ""
        return f"{self.url}: {self.reason}{again}"


@dataclass(slots=True)
class Report:
    """Counts of URLs, except for ``linked``, which counts images of articles."""

    dry_run: bool = False
    wanted: list[str] = field(default_factory=list)
    """URLs that a dry run would fetch, in order."""
    kept: int = 0
    """Fetched, or found unchanged."""
    unchanged: int = 0
    stored: int = 0
    """Images whose content was not stored before."""
    linked: int = 0
    """Images that have a copy now."""
    postponed: int = 0
    """Left for a later run, because their servers asked for fewer requests."""
    failures: list[Failure] = field(default_factory=list)
    fetched_bytes: int = 0
    stored_bytes: int = 0
    stopped: int = 0
    """The exit status of the signal that stopped the run, or 0."""
    seconds: float = 0.0

    @property
    def interrupted(self) -> bool:
        return bool(self.stopped)

    def as_json(self) -> dict[str, Any]:
        facts = asdict(self) | {"failed": len(self.failures), "seconds": round(self.seconds, 3)}
        if self.dry_run:
            return {name: facts[name] for name in ("dry_run", "wanted", "linked", "seconds")}
        del facts["wanted"]
        facts["interrupted"] = bool(facts.pop("stopped"))
        for failure in facts["failures"]:
            failure["next_try_at"] = failure["next_try_at"] and iso(failure["next_try_at"])
        return facts

    def as_text(self) -> str:
        if self.dry_run:
            return "\n".join([*self.wanted, f"{len(self.wanted):,} images would be fetched"])
        news = f"{self.stored:,} new, {self.unchanged:,} unchanged"
        lines = [
            f"{self.kept:,} images kept ({news}), shown in {self.linked:,} places",
            f"{self.fetched_bytes:,} bytes fetched, {self.stored_bytes:,} written",
            f"{len(self.failures):,} failed",
        ]
        if self.postponed:
            lines.append(
                f"{self.postponed:,} postponed because their servers asked for fewer requests"
            )
        return "\n".join(lines)
