"""The units find their work, do it, and queue those that follow."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles import newsdesk, tasks, units
from articles.images import keeping
from articles.models import (
    Article,
    HookDelivery,
    Image,
    ImageFetch,
    Logo,
    PolicyVersion,
    StoredImage,
)
from articles.newsdesk import policies
from articles.scoring import Policy
from articles.tasks import continue_policy, due, find_images, keep_images, note_events, tidy
from tests.articles.images.conftest import media, server
from tests.articles.images.samples import different
from tests.articles.images.server import Server, reply
from tests.articles.images.test_logos import make_paper
from tests.articles.test_signs_of_life import another
from tests.articles.test_units import states
from tests.articles.webhooks.test_delivery import OK, make_hook
from tests.articles.working_off import work_off
from tests.factories import make_article

__all__ = ["media", "server"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


def add(url: str, **overrides: Any) -> Image:
    values = {"published": True, "heat": 80, **overrides}
    return Image.objects.create(article=make_article(**values), position=0, url=url)


def kept() -> set[str]:
    stored = ImageFetch.objects.filter(state=ImageFetch.State.KEPT)
    return {"/" + url.rpartition("/")[2] for url in stored.values_list("url", flat=True)}


class TestImages:
    def test_those_that_readers_see_are_stored(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "AT_ONCE", 2)
        for number in range(3):
            add(server.put(f"/{number}", different(number)))
        add(server.put("/hidden", different(7)), published=False, heat=60)
        make_paper(server, "/logo.png", different(8))
        find_images.enqueue()
        work_off()
        assert kept() == {"/0", "/1", "/2", "/logo.png"}
        assert Image.objects.exclude(stored=None).count() == 3
        assert Logo.objects.count() == 1
        # One search, and two pictures in each unit.
        assert states() == [
            ("find_images", "SUCCESSFUL"),
            ("keep_images", "SUCCESSFUL"),
            ("keep_images", "SUCCESSFUL"),
        ]
        # A unit that is done twice asks nobody.
        server.requests.clear()
        again = DBTaskResult.objects.filter(task_path=keep_images.module_path)[0]
        keep_images.enqueue(**again.args_kwargs["kwargs"])
        work_off()
        assert server.requests == []

    def test_one_that_an_editor_asked_for_is_fetched_again(self, server: Server) -> None:
        image = add(server.put("/1", different(1)))
        find_images.enqueue()
        work_off()
        server.put("/1", different(2))
        ImageFetch.objects.update(state=ImageFetch.State.WAITING)
        find_images.enqueue()
        work_off()
        image.refresh_from_db()
        assert image.stored == StoredImage.objects.latest("pk")
        assert StoredImage.objects.count() == 2

    def test_a_stored_copy_is_shown_at_once_wherever_its_url_is_used(self, server: Server) -> None:
        image = add(server.put("/1", different(1)))
        find_images.enqueue()
        work_off()
        other = add(image.url)
        server.requests.clear()
        find_images.enqueue()
        work_off()
        other.refresh_from_db()
        image.refresh_from_db()
        assert other.stored == image.stored
        assert server.requests == []

    def test_a_host_has_one_unit_at_a_time(self) -> None:
        for host in ("a.example", "b.example", "c.example", "d.example"):
            for number in range(2):
                add(f"https://{host}/{number}")
        units.enqueue(keep_images, host="a.example", urls=["https://a.example/0"], providers=[])
        another().take("keep_images host=b.example")
        keep_images.enqueue(host="c.example", urls=[], providers=[])
        failed = DBTaskResult.objects.filter(args_kwargs__kwargs__host="c.example")
        failed.update(status="FAILED", finished_at=timezone.now(), traceback="OSError: disk")
        find_images.enqueue()
        work_off(1)
        # One waits, one is being done, one of the third failed a moment ago.
        assert units.waiting(keep_images) == {
            "keep_images host=a.example",
            "keep_images host=d.example",
        }


class TestFind:
    def groups(self, *skipped: str) -> dict[str, list[str]]:
        found = keeping.find(lambda host: host in skipped, keeping.Stop())
        return {one.host: sorted(url.rpartition("/")[2] for url in one.urls) for one in found}

    def test_groups_by_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for host in ("a.example", "b.example"):
            for number in range(3):
                add(f"https://{host}/{number}", top_rank=-number)
        add("https://a.example/0")
        add(f"https://c.example/{'ö' * 1500}")
        assert self.groups() == {"a.example": ["0", "1", "2"], "b.example": ["0", "1", "2"]}
        assert self.groups("a.example").keys() == {"b.example"}
        monkeypatch.setattr(keeping, "GROUP", 2)
        assert self.groups() == {"a.example": ["0", "1"], "b.example": ["0", "1"]}
        monkeypatch.setattr(keeping, "SCANNED", 2)
        assert sum(map(len, self.groups().values())) == 2

    @pytest.mark.parametrize("status", [429, 503])
    def test_hosts_that_want_rest_are_skipped(self, status: int) -> None:
        at = timezone.now()
        add("https://a.example/0")
        failed = ImageFetch.objects.create(
            url="https://a.example/1",
            state=ImageFetch.State.FAILED,
            failure=keeping.ANSWERS.format(status),
            tried_at=at,
            next_try_at=at + timedelta(hours=1),
        )
        assert self.groups() == {}
        failed.tried_at = at - keeping.REST
        failed.next_try_at = at
        failed.save()
        assert self.groups() == {"a.example": ["0"]}


class TestEvents:
    def test_are_noted_and_sent(self, server: Server) -> None:
        make_hook(server.put("/first", OK))
        make_hook(server.put("/second", reply(status="500 Broken")))
        make_article(published=True, heat=80)
        note_events.enqueue()
        work_off()
        assert sorted(server.paths()) == ["/first", "/second"]
        assert sorted(HookDelivery.objects.values_list("state", "tries")) == [
            ("delivered", 1),
            ("waiting", 1),
        ]


class TestPolicy:
    def test_the_archive_is_recomputed_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policies, "PIECE", 2)
        # Each unit does one piece.
        monkeypatch.setattr(policies, "monotonic", count(step=10).__next__)
        made = [make_article(quality=60, heat=60, published=False) for _ in range(5)]
        newsdesk.apply_policy(Policy(threshold=50, bonus=5, minimum=40), by=None)
        assert continue_policy in {task for task, _ in due(timezone.now())}
        continue_policy.enqueue()
        work_off()
        assert Article.objects.filter(published=True).count() == len(made)
        assert states() == [("continue_policy", "SUCCESSFUL")] * 4
        assert continue_policy not in {task for task, _ in due(timezone.now())}

    def test_another_policy_was_applied_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_article(quality=60, heat=60, published=False)
        newsdesk.apply_policy(Policy(threshold=80, bonus=5, minimum=40), by=None)
        do_piece = policies._do_piece

        def overtaken(*version: Any) -> PolicyVersion:
            monkeypatch.setattr(policies, "_do_piece", do_piece)
            newsdesk.apply_policy(Policy(threshold=50, bonus=5, minimum=40), by=None)
            return do_piece(*version)

        monkeypatch.setattr(policies, "_do_piece", overtaken)
        continue_policy.enqueue()
        work_off()
        assert Article.objects.get().published
        assert states() == [("continue_policy", "SUCCESSFUL")] * 2


class TestTidy:
    def test_old_rows_and_files_are_deleted(self, settings: Any, tmp_path: Path) -> None:
        for _ in range(2):
            find_images.enqueue()
        DBTaskResult.objects.update(status="SUCCESSFUL", finished_at=timezone.now())
        first = DBTaskResult.objects.all()[:1].get()
        old = timezone.now() - units.KEPT - timedelta(seconds=1)
        DBTaskResult.objects.filter(pk=first.pk).update(finished_at=old)
        hook = make_hook("https://mirror.example/")
        for age in (29, 31):
            created_at = timezone.now() - timedelta(days=age)
            hook.deliveries.create(event="test", state="dead", created_at=created_at)
        tidy.enqueue()
        work_off()
        assert DBTaskResult.objects.filter(task_path=find_images.module_path).count() == 1
        assert HookDelivery.objects.count() == 1
