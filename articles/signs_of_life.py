"""Signs of life of background processes, and the unit that each one does.

The row of a process is also its claim: no two living processes do the same unit at once, on any
machine. Therefore at most one sends to a hook, and one fetches from a host. The unit of a process
that falls silent is free again.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.models import F

from articles.models import Worker
from articles.models.worker import SIGN_EVERY, SILENT_AFTER, WorkerQuerySet
from newsroom import database_clock
from newsroom.processes import Process

Unit = dict[str, Any]
"""``id``, ``task`` (its path) and ``arguments``."""

_log: Final = logging.getLogger(__name__)
_here: list[Signs] = []
"""The row of this process, while it signs."""


@contextmanager
def signing(queue: str) -> Iterator[Signs]:
    """Record a sign of life every ``SIGN_EVERY`` seconds during the block.

    A process that is killed leaves its last sign.
    """
    signs, ended = Signs(queue), threading.Event()
    _try(signs.give)
    thread = threading.Thread(target=_sign_until, args=(ended, signs), daemon=True)
    thread.start()
    _here.append(signs)
    try:
        yield signs
    finally:
        _here.remove(signs)
        ended.set()
        thread.join(SIGN_EVERY)
        _try(signs.end)


def _sign_until(ended: threading.Event, signs: Signs) -> None:
    while not ended.wait(SIGN_EVERY):
        _try(signs.give)
        # Most of the time the thread needs no connection.
        connection.close()


def _try(write: Any) -> None:
    try:
        write()
    except (DatabaseError, InterfaceError) as error:
        _log.warning("no sign of life: the database does not answer: %s", error)


class Claim:
    """Claim a unit for the block, unless another process that is alive does it: ``is_ours``.

    After the block, ``is_wanted_again`` says whether another process was given it meanwhile.
    """

    def __init__(self, name: str, unit: Unit, queue: str) -> None:
        self.name, self.unit, self.queue = name, unit, queue
        self.is_ours = self.is_wanted_again = False
        self._stack = ExitStack()

    def __enter__(self) -> None:
        with self._stack:
            # A stock worker that was started by hand gives signs while it does a unit.
            own = _here[-1] if _here else self._stack.enter_context(signing(self.queue))
            self.is_ours = own.take(self.name, self.unit)
            if self.is_ours:
                self._stack.callback(self._release, own)
            self._stack = self._stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _release(self, own: Signs) -> None:
        self.is_wanted_again = own.release()


class Signs:
    """The row of this process. Two threads use it."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.pk: int | None = None
        self._lock = threading.Lock()

    def give(self) -> None:
        """Write a sign of life, and delete those of processes that died long ago."""
        self._write(clock_offset=database_clock.offset().total_seconds())

    def take(self, name: str, unit: Unit | None = None) -> bool:
        """Claim ``name``; return whether it is ours. Four queries.

        If another process has it, that one learns that it is wanted again.
        """
        while True:
            at = database_clock.now()
            holder = Worker.objects.filter(doing=name).first()
            if holder and holder.pk == self.pk:
                return True
            if holder and holder.is_alive(at):
                if Worker.objects.filter(pk=holder.pk, doing=name).update(is_wanted_again=True):
                    return False
                # It was released in this moment.
                continue
            Worker.objects.silent(at).filter(doing=name).update(doing="")
            try:
                self._write(doing=name, doing_since=at, unit=unit, is_wanted_again=False)
            except IntegrityError:
                # Another process was faster.
                continue
            return True

    def release(self) -> bool:
        """End the claim; return whether somebody else was given the same unit meanwhile."""
        with transaction.atomic():
            row = self._row.select_for_update()
            is_wanted_again = bool(row.values_list("is_wanted_again", flat=True).first())
            self._row.update(doing="", doing_since=None, unit=None, is_wanted_again=False)
        return is_wanted_again

    def end(self) -> None:
        self._row.delete()

    def _write(self, **values: Any) -> None:
        at = database_clock.ask()
        sign = {"seen_at": at, **values}
        # The lock first: on SQLite, a thread inside a transaction keeps the other from writing, and
        # that one would keep the lock until its timeout of 20 seconds.
        with self._lock, transaction.atomic():
            if self._row.update(**sign):
                return
            host, pid = socket.gethostname(), os.getpid()
            # A former process of a container has the same host and id.
            Worker.objects.filter(host=host, pid=pid).delete()
            row = Worker.objects.create(host=host, pid=pid, queue=self.queue, begun_at=at, **sign)
            self.pk = row.pk
            Worker.objects.forgotten(at).delete()

    @property
    def _row(self) -> WorkerQuerySet:
        return Worker.objects.filter(pk__in=[self.pk] if self.pk else [])


def declare_dead(pid: int) -> None:
    """Let everybody know that a process of this machine has ended."""
    here = Worker.objects.filter(host=socket.gethostname(), pid=pid)
    here.update(seen_at=F("seen_at") - SILENT_AFTER)


def ended_here() -> list[int]:
    """Return the ids of this machine's processes that have ended and left their row."""
    host = socket.gethostname()
    pids = Worker.objects.filter(host=host).values_list("pid", flat=True)
    return [pid for pid in pids if not Process(host, pid, 0).is_running()]


def names() -> set[str]:
    """Return the names of the units that are being done. One query."""
    alive = Worker.objects.alive(database_clock.now()).exclude(doing="")
    return set(alive.values_list("doing", flat=True))


def lost() -> WorkerQuerySet:
    """Return the dead processes that have not finished their unit."""
    return Worker.objects.silent(database_clock.now()).filter(unit__isnull=False)


def free(worker: Worker) -> None:
    """Forget the unit of a dead process."""
    Worker.objects.filter(pk=worker.pk).update(doing="", unit=None)
