"""What a run of keeping images did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from articles.documents import iso


@dataclass(frozen=True, slots=True)
class Failure:
    """An address whose image is not kept, and why."""

    url: str
    reason: str
    next_try_at: datetime | None
    """None if nothing is gained by another try."""

    def __str__(self) -> str:
        again = f" Next try: {iso(self.next_try_at)}" if self.next_try_at else ""
        return f"{self.url}: {self.reason}{again}"


@dataclass(slots=True)
class Report:
    """Counts of addresses, but for ``linked``, which are images of articles."""

    dry_run: bool = False
    wanted: list[str] = field(default_factory=list)
    """What a dry run would fetch, in order."""
    kept: int = 0
    """Fetched, or seen to be unchanged."""
    unchanged: int = 0
    stored: int = 0
    """Contents that were new here."""
    linked: int = 0
    """Images that show a copy now."""
    postponed: int = 0
    """Left for another run, because their servers want fewer requests."""
    failures: list[Failure] = field(default_factory=list)
    fetched_bytes: int = 0
    stored_bytes: int = 0
    interrupted: bool = False
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        if self.dry_run:
            return {
                "dry_run": True,
                "wanted": self.wanted,
                "linked": self.linked,
                "seconds": round(self.seconds, 3),
            }
        names = ("kept", "unchanged", "stored", "linked", "postponed")
        sizes = ("fetched_bytes", "stored_bytes", "interrupted")
        return {
            "dry_run": False,
            **{name: getattr(self, name) for name in names},
            "failed": len(self.failures),
            **{name: getattr(self, name) for name in sizes},
            "failures": [
                {
                    "url": failure.url,
                    "reason": failure.reason,
                    "next_try_at": iso(failure.next_try_at) if failure.next_try_at else None,
                }
                for failure in self.failures
            ],
            "seconds": round(self.seconds, 3),
        }

    def as_text(self) -> str:
        """Return it in a sentence or two."""
        if self.dry_run:
            return "\n".join([*self.wanted, f"{len(self.wanted):,} images would be fetched"])
        news = f"{self.stored:,} new here, {self.unchanged:,} unchanged"
        lines = [
            f"{self.kept:,} images kept ({news}), shown in {self.linked:,} places",
            f"{self.fetched_bytes:,} bytes fetched, {self.stored_bytes:,} written",
            f"{len(self.failures):,} failed",
        ]
        if self.postponed:
            lines.append(f"{self.postponed:,} left for later, as their servers asked")
        return "\n".join(lines)
