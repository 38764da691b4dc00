"""A decision through the API has the same effect as through ``newsdesk.perform``, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles import newsdesk
from articles.models import Act, ActChange, Article, KeptAnswer, Pair, Related
from articles.roles import Role
from tests.articles.api.desk import address_of, by_session, send, undo_of
from tests.articles.newsdesk.acting import QUALITIES, World, worlds
from tests.factories import make_user

HOUR: Final = timedelta(hours=1)
NOW: Final = timezone.now()
"""The API uses the real clock, so times are relative to now, and far enough apart for slow
machines."""
MOMENTS: Final = st.sampled_from([None, NOW - 2 * HOUR, NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR])
SIGNED: Final = {"scored_at", "decided_at", "changed_at", "created_at"}
"""Columns with times, which differ between runs."""


@dataclass(frozen=True)
class Step:
    """One decision, as a request body and as a ``Change``."""

    verb: str
    index: int
    others: tuple[int, ...]
    quality: int | None
    begin: datetime | None
    end: datetime | None
    reason: str

    def article(self) -> Article:
        """Return the step's article from the database."""
        return _all()[self.index % Article.objects.count()]

    def address(self) -> str:
        """Return the step's URL; an undo applies to the last decision."""
        if self.verb == "undo":
            return undo_of(Act.objects.values_list("pk", flat=True).order_by("pk").last() or 1)
        return address_of(self.article(), self.verb)

    def body(self) -> dict[str, Any]:
        """Return the step's request body."""
        found = _all()
        slugs = [found[other % len(found)].slug for other in self.others]
        bodies: dict[str, dict[str, Any]] = {
            "score": {"quality": self.quality},
            "publish": {"until": _text(self.end)},
            "hold": {"until": _text(self.end)},
            "schedule": {"publishFrom": _text(self.begin), "publishUntil": _text(self.end)},
            "relate": {"slugs": slugs},
            "unrelate": {"slugs": slugs},
            "refuse": {"slugs": slugs},
            "edit": {"title": f"Title {self.quality}"},
        }
        return bodies.get(self.verb, {}) | {"reason": self.reason}

    def change(self) -> newsdesk.Change:
        """Return the step's change; may raise ``RefusedError``."""
        found, one = _all(), self.article()
        others = [found[other % len(found)] for other in self.others]
        make: dict[str, Callable[[], newsdesk.Change]] = {
            "score": lambda: newsdesk.set_quality(one, self.quality),
            "publish": lambda: newsdesk.publish(one, until=self.end),
            "hold": lambda: newsdesk.hold(one, until=self.end),
            "schedule": lambda: newsdesk.schedule(one, begin=self.begin, end=self.end),
            "relate": lambda: newsdesk.relate(one, others),
            "unrelate": lambda: newsdesk.unrelate(one, others),
            "refuse": lambda: newsdesk.refuse(one, others),
            "edit": lambda: newsdesk.edit(one, title=f"Title {self.quality}"),
            "withdraw": lambda: newsdesk.withdraw(one),
            "release": lambda: newsdesk.release(one),
            "pin": lambda: newsdesk.pin(one),
            "unpin": lambda: newsdesk.unpin(one),
            "undo": lambda: newsdesk.undo(Act.objects.order_by("-pk")[0]),
        }
        return make[self.verb]()


VERBS: Final = (
    *("score", "publish", "hold", "withdraw", "release", "schedule", "pin", "unpin"),
    *("relate", "unrelate", "refuse", "edit", "undo"),
)
steps: Final = st.builds(
    Step,
    verb=st.sampled_from(VERBS),
    index=st.integers(0, 5),
    others=st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple),
    quality=QUALITIES,
    begin=MOMENTS,
    end=MOMENTS,
    reason=st.sampled_from(["", "because"]),
)


def _all() -> list[Article]:
    return list(Article.objects.order_by("slug").select_related("provider"))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def rows() -> list[Any]:
    """Return everything that decisions write, except times."""
    names = [one.attname for one in Article._meta.concrete_fields if one.name not in SIGNED]
    changes = [
        {
            name: {key: value for key, value in cell.items() if key not in SIGNED}
            if isinstance(cell, dict)
            else cell
            for name, cell in row.items()
        }
        for row in ActChange.objects.order_by("pk").values(
            *("article", "before", "after", "linked", "unlinked", "version"),
            *("heat_before", "heat_after", "published_before", "published_after"),
        )
    ]
    return [
        *Article.objects.order_by("pk").values_list(*names),
        *Related.objects.order_by("article", "target").values_list("article", "target", "position"),
        *Act.objects.order_by("pk").values_list("verb", "by", "reason", "permissions"),
        *Pair.objects.order_by("first", "second").values_list(
            "first", "second", "verdict", "decided_by"
        ),
        *changes,
    ]


@override_settings(API_RATE=0)
class TestAnyActs(TestCase):
    @budget(max_examples=25)
    @given(worlds(), st.lists(steps, min_size=3, max_size=7), st.data())
    def test_are_those_of_the_newsdesk(
        self, world: World, taken: list[Step], data: st.DataObject
    ) -> None:
        """Both leave the same rows; a wrong or old version, or a repeated key, writes nothing."""
        world.make()
        user = make_user(Role.PUBLISHER)
        client = by_session(user)
        for number, step in enumerate(taken):
            expected = self.by_the_newsdesk(step, user)
            before = rows()
            article, body = step.article(), step.body()
            address = step.address()

            def ask(version: object, key: str | None = None) -> int:
                response = send(client, address, body, version=version, key=key)  # noqa: B023
                status: int = response.status_code
                # Undo has no URL before the first decision.
                return 409 if (step.verb, status) == ("undo", 404) else status  # noqa: B023

            version = article.version
            wrong = data.draw(st.sampled_from([version - 1, version + 1, "x"]))
            if step.verb != "undo":
                assert ask(wrong) == 412
                assert rows() == before
            key = f"step {number}"
            status = ask(version, key)
            assert status == (409 if expected == before else 200)
            assert rows() == expected
            if status == 200:
                assert KeptAnswer.objects.filter(key=key).count() == 1
                assert ask(version, key) == 200
                assert rows() == expected

    def by_the_newsdesk(self, step: Step, user: Any) -> list[Any]:
        """Return the rows after ``newsdesk.perform``, and roll it back."""
        with transaction.atomic():
            try:
                newsdesk.perform(step.change(), by=user, reason=step.reason)
            except (newsdesk.RefusedError, IndexError):
                pass
            found = rows()
            transaction.set_rollback(True)
        return found
