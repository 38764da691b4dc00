"""After any process is killed, every event still arrives, signed and in order for each article."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from articles.models.web_hook import new_secret
from tests.articles.images.server import reply, serving
from tests.articles.importing.processes import Newsrooms, run
from tests.articles.samples import ROOT
from tests.articles.webhooks.documented import is_genuine
from tests.articles.working import children, do, see, until, until_seen, worker
from tests.profiles import by_profile

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.django_db]

POINTS: Final = 8
ROUNDS: Final = by_profile(quick=3, thorough=5)
SECRET: Final = new_secret()

HOOK: Final = """
from articles.webhooks import events
WebHook.objects.create(name="A mirror", url={url!r}, secret={secret!r})
events.begin()
from tests.factories import make_article
{then}
"""
NEWS: Final = """
one, two, *_ = [make_article() for _ in range(4)]
Article.objects.filter(pk=two.pk).update(published=False)
"""
# Changes of every kind, by the newsdesk and by other writes.
ACTS: Final = """
from random import Random
from providers.models import Provider
from tests.factories import make_article, make_provider
random = Random({seed})
for number in range(20):
    articles = list(Article.objects.order_by("pk"))
    kind = random.choice("new new edit edit edit withdraw publish delete score timed".split())
    one = random.choice(articles) if articles else None
    if kind == "new" or one is None:
        make_article(
            slug=f"2026-03-01-{seed}-{{number}}",
            quality=random.choice([60, 80, 90]),
            provider=Provider.objects.first() or make_provider(),
        )
    elif kind == "edit":
        one.title = f"{{one.title}} {{number}}"
        one.save(update_fields=["title"])
    elif kind == "delete":
        Article.objects.filter(pk=one.pk).delete()
    elif kind == "timed":
        at = timezone.now() + timedelta(seconds=random.choice([0.5, 2]))
        times = random.choice([(at, None), (None, at)])
        times = dict(zip(["publish_from", "publish_until"], times, strict=True))
        Article.objects.filter(pk=one.pk).update(**times)
    else:
        try:
            change = {{
                "withdraw": newsdesk.withdraw,
                "publish": newsdesk.publish,
                "score": lambda one: newsdesk.set_quality(one, random.choice([60, 75, 95])),
            }}[kind](one)
            newsdesk.perform(change, by=None)
        except newsdesk.RefusedError:
            # It is so already.
            pass
"""
# An article that the webhook knows, so that it is told of the change.
EDIT: Final = """
told = HookTold.objects.values("slug")
if one := Article.objects.published().filter(publish_until=None, slug__in=told).first():
    Article.objects.filter(pk=one.pk).update(title=f"{one.title}, edited")
"""
LAST: Final = """
from tests.factories import make_article
make_article(title="Last")
"""
EDIT_LAST: Final = 'Article.objects.filter(title="Last").update(title="Last, edited")'
PUBLIC: Final = "dict(Article.objects.published().values_list('slug', 'title'))"
DELIVERIES: Final = (
    "[[str(d.event_id), d.slug, d.event, d.state] for d in HookDelivery.objects.order_by('pk')]"
)


def assert_in_order(taken: list[tuple[str, str]], deliveries: list[list[str]]) -> None:
    """Check that all events arrived, in order for each article, ignoring repeats."""
    assert {state for *_, state in deliveries} <= {"delivered"}
    expected, came = defaultdict(list), defaultdict(list)
    for event_id, slug, *_ in deliveries:
        expected[slug].append(event_id)
    for slug, event_id in dict.fromkeys(taken):
        came[slug].append(event_id)
    assert came == expected


def test_a_worker_that_is_killed_at_any_moment(newsrooms: Newsrooms) -> None:
    def crash(environment: dict[str, str], moment: int, returncode: int = 0) -> str:
        command = ("-m", "tests.articles.webhooks.crashing", str(moment))
        return run(environment, *command, returncode=returncode).stdout

    moments = 0
    kinds: set[int] = set()
    with serving() as server:
        url = server.put("/", reply(status="204 No Content"))
        for moment in [0, *sorted(Random(4).sample(range(1, 60), POINTS))]:
            if moments and moment > moments:
                continue
            with newsrooms.make(f"at{moment}") as environment:
                environment["DJANGO_SETTINGS_MODULE"] = "tests.articles.worker_settings"
                environment["EXEMPT_PORTS"] = str(server.port)
                server.requests.clear()
                do(environment, HOOK.format(url=url, secret=SECRET, then=NEWS))
                if moment == 0:
                    moments = int(crash(environment, 0))
                else:
                    crash(environment, moment, -signal.SIGKILL)
                    kinds.add(len(server.requests))
                    crash(environment, 0)
                deliveries = see(environment, DELIVERIES)
                # No event is lost or invented.
                assert [event for _, _, event, _ in deliveries] == ["published"] * 3
                for request in server.requests:
                    assert is_genuine(SECRET, request.headers, request.body)
                taken = [
                    (json.loads(one.body)["data"]["slug"], one.headers["webhook-id"])
                    for one in server.requests
                ]
                assert_in_order(taken, deliveries)
                # At most the current event arrived twice.
                assert len(taken) <= len(deliveries) + (moment > 0)
    # Kill before the first request, after the last one, and in between.
    assert len(kinds) >= 3


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def taken_in(log: Path) -> int:
    return len(log.read_text().splitlines())


def came_more(log: Path, than: int) -> bool:
    return taken_in(log) > than


@contextmanager
def receiving(port: int, log: Path, odd: int) -> Iterator[subprocess.Popen[bytes]]:
    words = ("-m", "tests.articles.webhooks.receiver", str(port), str(log), str(odd))
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_workers_and_receivers_lose_nothing(newsrooms: Newsrooms, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "taken"
    log.touch()
    with newsrooms.make("again") as environment:
        environment["EXEMPT_PORTS"] = str(port)
        url = f"http://127.0.0.1:{port}/"
        do(environment, HOOK.format(url=url, secret=SECRET, then=""))
        for number in range(ROUNDS):
            with (
                receiving(port, log, odd=14) as receiver,
                worker(environment, tmp_path / "log", "--workers", "2") as process,
            ):
                before = taken_in(log)
                do(environment, ACTS.format(seed=number))
                until(partial(came_more, log, before))
                do(environment, EDIT)
                match number % 3:
                    case 0:
                        receiver.kill()
                        receiver.wait()
                        do(environment, ACTS.format(seed=100 + number))
                    case 1:
                        for pid in children(process):
                            os.kill(pid, signal.SIGKILL)
                    case _:
                        process.kill()
        with receiving(port, log, odd=0), worker(environment, tmp_path / "log", "--workers", "2"):
            left = (
                "[(place := HookPlace.objects.get()).sequence"
                " == change_feed.latest(timezone.now()).sequence,"
                " HookDelivery.objects.waiting().count(),"
                " Article.objects.filter(publish_from__gt=timezone.now()).count(),"
                " Article.objects.filter(publish_until__gt=timezone.now()).count(),"
                " change_feed.since(change_feed.Place(place.sequence, place.moment, place.slug), 1,"
                " timezone.now()).events]"
            )
            until_seen(environment, left, [True, 0, 0, 0, []])
            # Nothing else is under way, so this is an update for certain.
            do(environment, LAST)
            until_seen(environment, left, [True, 0, 0, 0, []])
            do(environment, EDIT_LAST)
            until_seen(environment, left, [True, 0, 0, 0, []])
        deliveries, public = see(environment, DELIVERIES), see(environment, PUBLIC)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    mirror: dict[str, Any] = {}
    taken: dict[tuple[str, str], None] = {}
    for line in lines:
        headers = {name.lower(): value for name, value in line["headers"].items()}
        assert is_genuine(SECRET, headers, line["body"].encode())
        body = json.loads(line["body"])
        slug = body["data"]["slug"]
        key = (slug, headers["webhook-id"])
        if key in taken:
            continue
        taken[key] = None
        if body["type"] == "unpublished":
            assert body["data"] == {"slug": slug, "deleted": True}
            del mirror[slug]
        else:
            mirror[slug] = body["data"]["title"]
    assert_in_order(list(taken), deliveries)
    assert mirror == public
    assert {event for *_, event, _ in deliveries} >= {"published", "updated", "unpublished"}
