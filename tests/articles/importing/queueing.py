"""Do the work of queued imports in this process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

from articles.importing import queued, uploads


class KilledError(BaseException):
    """A worker was killed."""


def work_through(
    random: Random | None = None, do: Callable[[int, int], object] = uploads.work
) -> None:
    """Do units until nothing is left, in their order or in a random one."""
    while left := [(pk, -1) for pk in uploads.unprepared()] + queued.unfinished():
        pk, part = random.choice(left) if random else left[0]
        with suppress(KilledError):
            if part < 0:
                uploads.prepare(pk)
            else:
                do(pk, part)
    uploads.remove_imported()
