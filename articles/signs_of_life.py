"""Signs of life of background processes: the machine and process id, the task, and its start."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import DatabaseError, InterfaceError, connection

from articles.models import Worker
from articles.models.worker import SIGN_EVERY, WorkerQuerySet
from newsroom import database_clock

_log: Final = logging.getLogger(__name__)
_doing: list[tuple[str, datetime]] = []
"""The task of this process, and its start."""


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Record the task of this process during the block."""
    _doing.append((what, database_clock.now()))
    try:
        yield
    finally:
        _doing.pop()


@contextmanager
def signing(queue: str) -> Iterator[None]:
    """Record a sign of life every ``SIGN_EVERY`` seconds during the block, in a separate thread.

    A process that is killed leaves its last sign.
    """
    ended = threading.Event()
    signs = Signs(queue)
    thread = threading.Thread(target=_sign_until, args=(ended, signs), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(SIGN_EVERY)


def _sign_until(ended: threading.Event, signs: Signs) -> None:
    while True:
        is_last = ended.is_set()
        try:
            signs.end() if is_last else signs.give()
        except (DatabaseError, InterfaceError) as error:
            _log.warning("no sign of life: the database does not answer: %s", error)
        finally:
            # Most of the time the thread needs no connection.
            connection.close()
        if is_last:
            return
        ended.wait(SIGN_EVERY)


class Signs:
    """The row of this process."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.pk: int | None = None

    def give(self) -> None:
        """Write a sign of life, and delete those of processes that died long ago."""
        at = database_clock.ask()
        # A slice, because the other thread may end it at any moment.
        what, since = next(iter(_doing[-1:]), ("", None))
        sign = {
            "seen_at": at,
            "doing": what,
            "doing_since": since,
            "clock_offset": database_clock.offset().total_seconds(),
        }
        if not self._row.update(**sign):
            host, pid = socket.gethostname(), os.getpid()
            # A former process of a container has the same host and id.
            Worker.objects.filter(host=host, pid=pid).delete()
            row = Worker.objects.create(host=host, pid=pid, queue=self.queue, begun_at=at, **sign)
            self.pk = row.pk
            Worker.objects.forgotten(at).delete()

    def end(self) -> None:
        self._row.delete()

    @property
    def _row(self) -> WorkerQuerySet:
        return Worker.objects.filter(pk__in=[self.pk] if self.pk else [])
