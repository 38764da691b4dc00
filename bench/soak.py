"""Run readers, editors, imports and image work at once: ``python -m bench.soak sqlite --minutes 10``.

Starts ``manage.py serve`` with two processes and ``manage.py work`` over a new newsroom: on SQLite,
or on PostgreSQL (BENCH_POSTGRES_URL) with a Redis of its own for cache and queue. First, readers
alone for a minute. Then, for so many minutes,

- the same readers ask for public pages, feeds and the API, 40 times a second
- two editors decide through the API of the newsdesk, once in two seconds each
- documents change and are imported, one import after the other
- articles get other pictures, which the worker fetches from a server on this machine, one a second

Prints what was done, every response with status 5xx, every lock error in the logs, the memory of each
process at 30 % of the time and at its end, the latencies, and whether the targets hold: no 5xx, no
lock error, at most 1.1 times the memory, readers' p99 at most three times that alone. Exit status 1
if one does not. All of this shares one machine: with two cores or less, and with anything else
running, readers wait for the processor.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.images import photograph
from bench.import_export import fresh_databases
from tests.articles.images import server as images
from tests.own_servers import ROOT, Redis, Site

DOCUMENTS = 1_000
CHANGED = 50
"""Documents that change before each import."""
READERS = 4
EACH_READER = 10.0
EDITORS = 2
EACH_EDITOR = 0.5
"""Requests a second."""
ALONE = 60.0
"""Seconds."""
MEMORY_FROM = 0.3
"""At which share of the time the first memory is taken: minute 3 of 10."""
MEMORY, LATENCY = 1.1, 3.0
LOCKS = re.compile(
    "database is locked|database table is locked|deadlock|lock timeout|LockNotAvailable"
)
SETUP = """
import json
from datetime import timedelta
from django.contrib.auth.models import Group, User
from django.utils import timezone
from articles.models import ApiToken, Article, Image, Topic
users = [User.objects.create_user(f"editor-{number}", is_staff=True) for number in range(%d)]
tokens = []
for user in users:
    user.groups.add(Group.objects.get(name="Publisher"))
    token = ApiToken(user=user, name="soak", expires_at=timezone.now() + timedelta(days=1))
    token.make_secret()
    token.save()
    tokens.append(token.secret)
published = list(Article.objects.published().order_by("pk")[:100])
print(json.dumps({
    "tokens": tokens,
    "paths": [one.get_absolute_url() for one in published[:20]]
    + [f"/search/?q={one.title.split()[0]}" for one in published[:10] if one.title.isascii()]
    + [f"/topics/{slug}/" for slug in Topic.objects.values_list("slug", flat=True)[:10]]
    + ["/", "/latest/", "/feed.atom", "/sitemap.xml", "/api/v1/news/", "/api/v1/topics/"] * 3,
    "slugs": [one.slug for one in published],
    "images": list(Image.objects.filter(article__in=published).values_list("pk", flat=True)),
}))
"""

STORED = "from articles.models import StoredImage; print(StoredImage.objects.count())"


class Place:
    """The newsroom that is under load, and its processes."""

    def __init__(self, folder: Path, kind: str, stack: ExitStack) -> None:
        self.folder = folder
        self.seeds = folder / "seeds"
        self.pictures = stack.enter_context(images.serving())
        url, _ = stack.enter_context(fresh_databases(kind, folder))
        variables = {
            "DATABASE_URL": url,
            "MEDIA_ROOT": str(folder / "media"),
            "UPLOAD_ROOT": str(folder / "uploads"),
            "API_RATE": "0",
            "DJANGO_SETTINGS_MODULE": "tests.articles.worker_settings",
            "EXEMPT_PORTS": str(self.pictures.port),
        }
        if kind == "postgres":
            redis = Redis(folder)
            redis.start()
            stack.callback(redis.kill)
            place = redis.url.removesuffix("/0")
            variables |= {"CACHE_URL": f"{place}/0", "TASKS_URL": f"{place}/1"}
        self.site = Site(folder / "web.log", "--workers", "2", **variables)
        for words in (
            ("generate_seeds", str(self.seeds), "--count", str(DOCUMENTS)),
            ("migrate", "--verbosity", "0"),
            ("import_seeds", str(self.seeds)),
        ):
            command = [sys.executable, str(ROOT / "manage.py"), *words]
            subprocess.run(
                command, env=self.site.environment, check=True, stdout=subprocess.DEVNULL
            )
        self.found = json.loads(self.shell(SETUP % EDITORS))
        self.site.start()
        stack.callback(self.site.stop)

    def start_worker(self, stack: ExitStack) -> subprocess.Popen[bytes]:
        log = stack.enter_context((self.folder / "work.log").open("wb"))
        command = [sys.executable, str(ROOT / "manage.py"), "work"]
        worker = subprocess.Popen(command, env=self.site.environment, stdout=log, stderr=log)

        def end() -> None:
            worker.terminate()
            worker.wait(timeout=60)

        stack.callback(end)
        return worker

    def shell(self, code: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code]
        return subprocess.run(
            command, env=self.site.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))


def paced(rate: float, stop: Callable[[], bool], work: Callable[[], None]) -> None:
    """Call ``work`` so many times a second; after a delay, go on from there."""
    due = time.monotonic()
    while not stop():
        work()
        due = max(due + 1 / rate, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def ask(request: Request) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        return 599, str(error).encode()


def read(origin: str, paths: list[str], stop: Event, results: Any) -> None:
    """Ask for pages in several threads, and put the latencies and the statuses into ``results``.

    In a process of its own, so that nothing else delays the measurement.
    """
    latencies: list[float] = []
    statuses: Counter[int] = Counter()

    def reader(number: int) -> None:
        choose = random.Random(number)

        def once() -> None:
            request = Request(origin + choose.choice(paths))
            began = time.perf_counter()
            status, _ = ask(request)
            latencies.append(time.perf_counter() - began)
            statuses[status] += 1

        paced(EACH_READER, stop.is_set, once)

    threads = [threading.Thread(target=reader, args=[number]) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((latencies, statuses))


@contextmanager
def readers(place: Place) -> Iterator[tuple[list[float], Counter[int]]]:
    """Read during the block; what is yielded is filled at its end."""
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    arguments = (place.site.origin, place.found["paths"], stop, results)
    process = context.Process(target=read, args=arguments)
    process.start()
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    yield latencies, statuses
    stop.set()
    got = results.get(timeout=120)
    process.join()
    latencies += sorted(got[0])
    statuses.update(got[1])


class Load:
    """Editors, imports and pictures, in threads, until ``stop`` is set."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stop = threading.Event()
        self.decisions: Counter[int] = Counter()
        self.imports: Counter[int] = Counter()
        self.pictures = 0
        self.threads = [
            threading.Thread(target=self.edit, args=[number]) for number in range(EDITORS)
        ]
        self.threads += [threading.Thread(target=one) for one in (self.import_again, self.draw)]

    def edit(self, number: int) -> None:
        choose = random.Random(number)
        token = self.place.found["tokens"][number]
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        desk = f"{self.place.site.origin}/api/v1/newsdesk/news"

        def once() -> None:
            url = f"{desk}/{choose.choice(self.place.found['slugs'])}/"
            status, body = ask(Request(url, headers=head))
            if status == 200:
                version = {"If-Match": f'"{json.loads(body)["version"]}"'}
                verb = choose.choice(["score", "score", "hold", "release"])
                value = {"reason": "soak"}
                if verb == "score":
                    value |= {"quality": choose.randrange(100)}  # type: ignore[dict-item]
                data = json.dumps(value).encode()
                request = Request(f"{url}{verb}/", data, head | version, method="POST")
                status, _ = ask(request)
            self.decisions[status] += 1

        paced(EACH_EDITOR, self.stop.is_set, once)

    def import_again(self) -> None:
        choose = random.Random(1)
        files = sorted(self.place.seeds.glob("*.md"))
        command = [sys.executable, str(ROOT / "manage.py"), "import_seeds", str(self.place.seeds)]
        while not self.stop.is_set():
            for file in choose.sample(files, CHANGED):
                with file.open("a") as text:
                    text.write("\nOne more line.\n")
            with (self.place.folder / "import.log").open("ab") as log:
                done = subprocess.run(
                    command,
                    env=self.place.site.environment,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    check=False,
                )
            self.imports[done.returncode] += 1

    def draw(self) -> None:
        """Replace pictures of articles, all from one process."""
        choose = random.Random(2)
        drawn = [photograph(number, 1000) for number in range(8)]
        code = (
            "import sys, django; django.setup()\n"
            "from articles.models import Image\n"
            "for line in sys.stdin:\n"
            "    pk, url = line.split(); Image.objects.filter(pk=pk).update(url=url)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=self.place.site.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
        )
        assert process.stdin

        def once() -> None:
            self.pictures += 1
            # What follows the end of a picture makes it another file, and is ignored.
            data = choose.choice(drawn) + str(self.pictures).encode()
            url = self.place.pictures.put(f"/{self.pictures}", data)
            print(choose.choice(self.place.found["images"]), url, file=process.stdin, flush=True)

        paced(1, self.stop.is_set, once)
        process.stdin.close()
        process.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self.threads:
            thread.start()
        yield
        self.stop.set()
        for thread in self.threads:
            thread.join()


def memory(parents: dict[str, int]) -> dict[tuple[str, int], float]:
    """Return the resident megabytes of these processes and their children, by name and id."""
    found = {}
    for name, parent in parents.items():
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        for pid in [parent, *map(int, children)]:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            if size := re.search(r"VmRSS:\s+(\d+) kB", status):
                own = name if pid == parent else f"a process of {name}"
                found[own, pid] = int(size[1]) / 1024
    return found


def medians(parents: dict[str, int], seconds: float) -> dict[tuple[str, int], float]:
    """Return the median memory of each process that is there all the time."""
    taken: list[dict[tuple[str, int], float]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or not taken:
        taken.append(memory(parents))
        time.sleep(1)
    all_the_time = set.intersection(*(set(one) for one in taken))
    return {key: median(one[key] for one in taken) for key in sorted(all_the_time)}


def processor(parent: int) -> float:
    """Return the seconds of processor time that the children of a process have used so far."""
    seconds = 0.0
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def ms(latencies: list[float], share: float) -> float:
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))] * 1000


@dataclass
class Seen:
    """What was measured."""

    load: Load
    alone: list[float]
    during: list[float]
    statuses: Counter[int]
    before: dict[tuple[str, int], float]
    after: dict[tuple[str, int], float]
    processor: list[float]
    """Seconds of the server's processes: before, after the readers alone, and at the end."""


def run(place: Place, minutes: float, stack: ExitStack) -> Seen:
    for path in dict.fromkeys(place.found["paths"]):
        place.site.get(path)
    assert place.site.process
    server = place.site.process.pid
    used = [processor(server)]
    with readers(place) as (alone, _):
        time.sleep(min(ALONE, minutes * 60))
    used.append(processor(server))
    parents = {"serve": server, "work": place.start_worker(stack).pid}
    load = Load(place)
    seconds = minutes * 60
    span = min(30.0, seconds / 10)
    with readers(place) as (during, statuses), load.running():
        time.sleep(seconds * MEMORY_FROM - span)
        before = medians(parents, span)
        time.sleep(seconds * (1 - MEMORY_FROM) - span)
        after = medians(parents, span)
    used.append(processor(server))
    return Seen(load, alone, during, statuses, before, after, used)


def report(seen: Seen, logs: str) -> bool:
    """Print what was seen, and return whether all targets hold."""
    load = seen.load
    print(f"load of the machine {os.getloadavg()[1]:.1f}")
    print(f"readers: {dict(seen.statuses)}; decisions: {dict(load.decisions)}")
    print(f"imports by exit status: {dict(load.imports)}; pictures given: {load.pictures}")
    ratios = {key: seen.after[key] / seen.before[key] for key in seen.before if key in seen.after}
    for key, ratio in ratios.items():
        print(f"{key[0]}: {seen.before[key]:.1f} to {seen.after[key]:.1f} MB, {ratio:.2f}")
    for name, found, used in (
        ("alone", seen.alone, seen.processor[1] - seen.processor[0]),
        ("during", seen.during, seen.processor[2] - seen.processor[1]),
    ):
        print(
            f"readers {name}: {len(found)} requests, p50 {ms(found, 0.5):.1f} ms, p99 "
            f"{ms(found, 0.99):.1f} ms, {used / len(found) * 1000:.1f} ms of the server's processors"
        )
    errors = sum(n for status, n in (seen.statuses + load.decisions).items() if status >= 500)
    locks = LOCKS.findall(logs)
    failed = load.imports.total() - load.imports[0]
    ended = seen.before.keys() - seen.after.keys()
    slower = ms(seen.during, 0.99) / ms(seen.alone, 0.99)
    held = {
        f"{errors} responses with status 5xx or none at all": not errors,
        f"{len(locks)} lock errors in the logs": not locks,
        f"{logs.count('Traceback')} tracebacks in the logs": "Traceback" not in logs,
        f"{failed} imports failed": not failed,
        f"{len(ended)} processes ended": not ended,
        f"memory at most {max(ratios.values()):.2f} times": max(ratios.values()) <= MEMORY,
        f"readers' p99 {slower:.1f} times that alone": slower <= LATENCY,
    }
    for what, ok in held.items():
        print(f"{'ok' if ok else 'MISSED':7} {what}")
    if "Traceback" in logs:
        print(logs[logs.index("Traceback") :][:3000])
    return all(held.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", choices=["sqlite", "postgres"])
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="newsroom-soak-"))
        place = Place(Path(folder), options.database, stack)
        print(f"{options.database}, {options.minutes:g} minutes")
        is_fine = report(run(place, options.minutes, stack), place.logs())
        print(place.shell(STORED).strip(), "pictures stored")
    sys.exit(not is_fine)


if __name__ == "__main__":
    main()
