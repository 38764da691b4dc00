"""Checks for operators.

Each says what is wrong and what to do. A failed check does not stop the others, and each has a time
limit.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.core import checks as django_checks
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from articles.models import Purge, Worker
from articles.site import purging
from articles.units import QUEUES, is_in_database
from articles.watching import queue
from newsroom import database_clock, health
from newsroom.dates import duration

LIMIT: Final = 5
"""Seconds that a check may take."""
LATE: Final = 300
"""Seconds after which a waiting unit is late if its queue is idle."""
CLOCK_LIMIT: Final = 5.0
"""Seconds by which a clock may differ from that of the database."""
_PURGE_LATE: Final = timedelta(seconds=10)
LEAST_SPACE: Final = 10**9
LEAST_SHARE: Final = 0.05
"""Free space in bytes and as a share of the disk; less is wrong."""
_LOCAL: Final = {"localhost", "127.0.0.1", "[::1]"}


class Wrong(Exception):  # noqa: N818 - a result, not an error
    """What is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    look: Callable[[], str]
    """Returns the message of a success, or raises ``Wrong``."""
    advice: str
    """What to do after any other failure."""
    uses_database: bool = False


def results() -> list[Result]:
    """Return the results of all checks."""
    found: list[Result] = []
    with _impatient():
        for check in _CHECKS:
            if check.uses_database and found and not found[0].ok:
                found.append(Result(check.name, False, "Not checked without the database."))
            else:
                found.append(_result(check))
    return found


def as_json(found: list[Result]) -> dict[str, Any]:
    return {"checks": [asdict(result) for result in found]}


def _result(check: _Check) -> Result:
    try:
        # Database connections belong to one thread, and have their own limits.
        message = check.look() if check.uses_database else _within(LIMIT, check.look)
    except Wrong as wrong:
        return Result(check.name, False, str(wrong))
    except Exception as error:  # noqa: BLE001 - reported, and the other checks go on
        reason = " ".join(str(error).split()) or type(error).__name__
        end = "" if reason.endswith((".", "?")) else "."
        return Result(check.name, False, f"{reason}{end} {check.advice}")
    return Result(check.name, True, message)


def _within(seconds: float, look: Callable[[], str]) -> str:
    """Return what ``look()`` returns or raise what it raises; ``Wrong`` if it takes too long."""
    answers: SimpleQueue[str | Exception] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(look())
        except Exception as error:  # noqa: BLE001 - raised again below
            answers.put(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise Wrong(f"No answer within {seconds:g} seconds.") from None
    if isinstance(found, Exception):
        raise found
    return found


@contextmanager
def _impatient() -> Iterator[None]:
    """Limit the time of each query during the block."""
    if connection.vendor != "postgresql":
        yield
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [LIMIT * 1000])
    except (DatabaseError, InterfaceError):
        # The first check reports it.
        connection.close()
        yield
        return
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")
        except (DatabaseError, InterfaceError):
            connection.close()


def _database() -> str:
    begin = monotonic()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), current_database()")
            version, name = cursor.fetchone()
        what = f"PostgreSQL {version}, database {name}"
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_master")
        what = f"SQLite {sqlite3.sqlite_version}, {connection.settings_dict['NAME']}"
    return f"{what}: answers in {(monotonic() - begin) * 1000:.0f} ms."


def _migrations() -> str:
    if missing := health.unapplied():
        count = f"{len(missing)} migrations are" if len(missing) > 1 else "1 migration is"
        raise Wrong(f"{count} missing, the last one {missing[-1]}. {_MIGRATE}")
    return "All are applied."


def _cache() -> str:
    backend = str(settings.CACHES["default"]["BACKEND"]).rpartition(".")[2]
    if not health.cache_works():
        raise Wrong(
            f"It keeps nothing ({backend}), so pages are slow. Check CACHE_URL, whether the server "
            "runs, and whether it has memory left."
        )
    return f"It works ({backend})."


def _queue() -> str:
    at = timezone.now()
    depths = queue.depths()
    late = [
        f"{depth.queue} ({duration(at - depth.oldest_at)})"
        for depth in depths
        if depth.oldest_at and not depth.running
        if (at - depth.oldest_at).total_seconds() > LATE
    ]
    if late:
        raise Wrong(f"Nobody works on {', '.join(late)}. Start manage.py work.")
    if failed := queue.failed(100):
        names = ", ".join(sorted({one.name.partition(" ")[0] for one in failed}))
        raise Wrong(
            f"{len(failed)} {'unit' if len(failed) == 1 else 'units'} failed within the last day "
            f"({names}). The System page in the admin names the errors and can run them again."
        )
    waiting = sum(depth.waiting for depth in depths)
    oldest = min((one.oldest_at for one in depths if one.oldest_at), default=None)
    since = f", the oldest for {duration(at - oldest)}" if oldest else ""
    return f"{waiting} waiting{since}; {sum(one.running for one in depths)} running."


def _workers() -> str:
    alive = list(Worker.objects.alive(database_clock.now()))
    served = {name for one in alive for name in one.queue.split()}
    if "clock" not in served:
        raise Wrong("No clock is alive to queue what is due. Start manage.py work.")
    if missing := [name for name in QUEUES if name not in served]:
        raise Wrong(f"No worker is alive for {', '.join(missing)}. Start manage.py work.")
    hosts = sorted({one.host for one in alive})
    return f"{len(alive)} processes are alive on {', '.join(hosts)}."


def _clock() -> str:
    offset = database_clock.offset().total_seconds()
    wrong = [f"this machine's clock is {_off(offset)}"] if abs(offset) > CLOCK_LIMIT else []
    offsets = {
        one.host: one.clock_offset
        for one in Worker.objects.alive(database_clock.now())
        if abs(one.clock_offset) > CLOCK_LIMIT
    }
    wrong += [f"the clock of worker {host} is {_off(own)}" for host, own in offsets.items()]
    if wrong:
        raise Wrong(
            f"{', '.join(wrong).capitalize()}. Synchronize the clocks, for example with NTP."
        )
    return f"This machine and the database differ by {abs(offset):.1f} seconds."


def _off(offset: float) -> str:
    direction = "ahead of" if offset > 0 else "behind"
    return f"{abs(offset):.0f} seconds {direction} the database's"


def _proxies() -> str:
    if not settings.PURGE_URL:
        return "PURGE_URL is not set, so no proxy keeps pages for more than three seconds."
    last = Purge.objects.first()
    if last and last.error:
        raise Wrong(
            f"The proxy was not emptied at PURGE_URL: {last.error}. If the site goes down now, it may "
            "serve withdrawn articles. Check the proxy, or unset PURGE_URL."
        )
    at = database_clock.now()
    since = purging.outdated_since(at)
    if since and since < at - _PURGE_LATE:
        raise Wrong("The proxy was not emptied after the last change. Start manage.py work.")
    return "The proxy was emptied after the last change."


def _storage(alias: str) -> Callable[[], str]:
    def look() -> str:
        """Write, read and delete a file."""
        storage = storages[alias]
        content = token_hex(8).encode()
        name = storage.save(f"doctor-{token_hex(8)}.txt", ContentFile(content))
        try:
            with storage.open(name) as file:
                if file.read() != content:
                    raise Wrong("A file came back with another content than was written.")
        finally:
            storage.delete(name)
        where = storage.location if isinstance(storage, FileSystemStorage) else "the bucket"
        return f"Files can be written, read and deleted in {where}."

    return look


def _disk() -> str:
    space: dict[Path, str] = {}
    for name, folder in _folders():
        # Before the first file is written there is no folder yet.
        existing = next(one for one in (folder, *folder.parents) if one.exists())
        usage = shutil.disk_usage(existing)
        share = usage.free / usage.total
        space[folder] = f"{name} {usage.free / 10**9:,.1f} GB ({share:.0%})"
        if usage.free < LEAST_SPACE or share < LEAST_SHARE:
            raise Wrong(f"Little space is left for {space[folder]}: {folder}. Make room.")
    return f"Free: {', '.join(space.values())}." if space else "No files are kept on this machine."


def _folders() -> Iterator[tuple[str, Path]]:
    """Yield the local folders, and what each one stores."""
    for name, alias in (("media", "default"), ("uploads", "uploads")):
        storage = storages[alias]
        if isinstance(storage, FileSystemStorage):
            yield name, Path(storage.location).absolute()
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and "memory" not in str(database["NAME"]):
        yield "database", Path(database["NAME"]).absolute().parent


def _settings() -> str:
    if settings.DEBUG:
        raise Wrong("DEBUG shows tracebacks to everybody. Never set it on a public site.")
    if set(settings.ALLOWED_HOSTS) <= _LOCAL:
        return "This site is for this machine only. For readers set ALLOWED_HOSTS to its names."
    wrong = [] if settings.SITE_URL else ["Set SITE_URL."]
    if "*" in settings.ALLOWED_HOSTS:
        wrong.append("Name the hosts in ALLOWED_HOSTS instead of *.")
    found = django_checks.run_checks(tags=["security"], include_deployment_checks=True)
    if not settings.HTTPS:
        # Most of the warnings are about this.
        wrong.append("Set HTTPS once the site is served over it.")
        found = [one for one in found if one.id not in _ABOUT_HTTPS]
    wrong += [" ".join(one.msg.split()) for one in found]
    if wrong:
        raise Wrong(" ".join(wrong))
    return "They are fit for a public site."


_ABOUT_HTTPS: Final = {"security.W004", "security.W008", "security.W012", "security.W016"}
_MIGRATE: Final = "Run manage.py migrate."
_CHECKS: Final = (
    _Check(
        "database",
        _database,
        "Check DATABASE_URL, and whether the database server runs.",
        uses_database=True,
    ),
    _Check("migrations", _migrations, _MIGRATE, uses_database=True),
    _Check("cache", _cache, "Check CACHE_URL."),
    _Check("queue", _queue, "Check TASKS_URL, and run manage.py migrate.", is_in_database()),
    _Check("workers", _workers, _MIGRATE, uses_database=True),
    _Check("clock", _clock, _MIGRATE, uses_database=True),
    _Check("proxies", _proxies, _MIGRATE, uses_database=True),
    _Check("media", _storage("default"), "Check MEDIA_ROOT or MEDIA_S3_BUCKET."),
    _Check("uploads", _storage("uploads"), "Check UPLOAD_ROOT or UPLOAD_S3_BUCKET."),
    _Check("disk", _disk, "Check MEDIA_ROOT and UPLOAD_ROOT."),
    _Check("settings", _settings, "Run manage.py check --deploy."),
)
"""All checks; the first one must be that of the database."""
