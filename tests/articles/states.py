"""A table of articles in every state, with the status of their URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from articles.models import Article
from articles.scoring import SUPERSEDED_HEAT
from tests.factories import make_article, make_superseded

State = Article.State
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class Case:
    """An article in one state: how to make it, and the status that its URL returns."""

    name: str
    state: Article.State
    status: int
    overrides: dict[str, Any]
    lead: dict[str, Any] | None = None

    def make(self, **more: Any) -> Article:
        """Store the article, with its lead if it has one. The date of a case stays."""
        own = _from_now(self.overrides)
        overrides = own | more | {key: own[key] for key in own if key == "published_at"}
        if self.lead is None:
            return make_article(**overrides)
        return make_superseded(make_article(**_from_now(self.lead)), **overrides)

    def __str__(self) -> str:
        return self.name


def _from_now(overrides: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    return {
        key: now + value if isinstance(value, timedelta) else value
        for key, value in overrides.items()
    }


_held = {"decision": "hold", "quality": 90, "heat": 90}
_held_stub = {"coverage_only": True, "decision": "hold"}
_never = {"published_at": HOUR, "publish_until": -HOUR}
_superseded = {"quality": 40, "heat": SUPERSEDED_HEAT}
# Times are relative to now, because pages use the real clock.
CASES: Final = [
    Case("published", State.PUBLISHED, 200, {}),
    Case("published-by-an-editor", State.PUBLISHED, 200, {"quality": None, "published": True}),
    Case("embargo-over", State.PUBLISHED, 200, {"publish_from": -HOUR, "publish_until": HOUR}),
    Case("not-scored", State.NOT_SCORED, 404, {"quality": None}),
    Case("below-threshold", State.BELOW, 404, {"quality": 69}),
    Case("quality-zero", State.BELOW, 404, {"quality": 0}),
    Case("below-and-scheduled", State.BELOW, 404, {"quality": 69, "publish_from": HOUR}),
    Case("held", State.HELD, 404, _held),
    Case("withdrawn", State.WITHDRAWN, 404, {"decision": "withdraw"}),
    Case("scheduled", State.SCHEDULED, 404, {"publish_from": HOUR}),
    Case("dated-ahead", State.SCHEDULED, 404, {"published_at": HOUR}),
    Case("dated-a-little-ahead", State.PUBLISHED, 200, {"published_at": HOUR / 6}),
    Case("dated-ahead-and-expired", State.EXPIRED, 404, _never),
    Case("expired", State.EXPIRED, 404, {"publish_until": -HOUR}),
    Case("coverage-only", State.COVERAGE_ONLY, 404, {"coverage_only": True}),
    Case("coverage-only-held", State.COVERAGE_ONLY, 404, _held_stub),
    Case("superseded", State.SUPERSEDED, 302, {}, lead={}),
    Case("superseded-but-published", State.PUBLISHED, 200, {"published": True}, lead={}),
    Case("superseded-by-a-draft", State.SUPERSEDED, 404, {}, lead={"quality": 60}),
    Case("superseded-without-a-lead", State.SUPERSEDED, 404, _superseded),
    Case("superseded-by-a-held-one", State.SUPERSEDED, 404, {}, lead=_held),
    Case("superseded-by-a-scheduled-one", State.SUPERSEDED, 404, {}, lead={"publish_from": HOUR}),
    Case("superseded-by-one-dated-ahead", State.SUPERSEDED, 404, {}, lead={"published_at": HOUR}),
    Case("superseded-and-held", State.HELD, 404, {"decision": "hold"}, lead={}),
    Case("superseded-and-withdrawn", State.WITHDRAWN, 404, {"decision": "withdraw"}, lead={}),
    Case("superseded-and-scheduled", State.SUPERSEDED, 404, {"publish_from": HOUR}, lead={}),
    Case("superseded-and-expired", State.SUPERSEDED, 404, {"publish_until": -HOUR}, lead={}),
]


def make_all(**more: Any) -> dict[str, Article]:
    """Store an article for every case, and return them by name."""
    return {case.name: case.make(**more) for case in CASES}


def names(status: int) -> set[str]:
    """Return the names of the cases whose URL returns this status."""
    return {case.name for case in CASES if case.status == status}
