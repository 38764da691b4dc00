"""The System page. ``tests/articles/watching/`` tests what it shows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles.roles import Role
from articles.tasks import keep_images
from articles.units import UnavailableError
from articles.watching import queue
from newsroom import database_clock
from tests.articles.watching.test_checks import IMAGES, make_worker
from tests.factories import make_run, make_user

pytestmark = pytest.mark.django_db

SYSTEM = reverse("admin:system")


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(make_user(Role.OPERATOR))
    return client


def page(client: Client) -> str:
    """Return the words of the page."""
    response = client.get(SYSTEM)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    main = response.content.decode().partition('id="content-main"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def fail_a_unit() -> DBTaskResult[Any, None]:
    keep_images.enqueue(**IMAGES)
    DBTaskResult.objects.update(
        status="FAILED",
        finished_at=timezone.now(),
        traceback="Traceback (most recent call last):\nOSError: <the disk is full>\n",
    )
    return DBTaskResult.objects.get()


class TestPage:
    def test_shows_checks_workers_queue_imports_and_versions(self, operator: Client) -> None:
        at = database_clock.now()
        name = "keep_images host=pictures.example"
        make_worker("images", doing=name, doing_since=at - timedelta(minutes=12))
        make_worker("urgent", pid=8, seen_at=at - timedelta(minutes=3))
        make_worker("clock", pid=9)
        make_run(state="finished", created=1_234)
        for _ in range(3):
            keep_images.enqueue(**IMAGES)
        html = page(operator)
        assert "Database OK" in html
        assert "Workers Wrong No worker is alive for urgent, imports." in html
        words = rf"images Alive \d seconds? ago {name}, for 12 minutes news-1 7"
        assert re.search(words, html)
        assert re.search(r"urgent Silent \d+ (seconds|minutes) ago - news-1 8", html)
        assert re.search(r"images 3 \d seconds? 0", html)
        assert "1,234" in html
        assert re.search(r"Newsroom \d+\.\d+.* Django 5\.2.* Python 3\.", html)
        assert "Failed units of the last day None." in html

    def test_without_workers(self, operator: Client) -> None:
        assert "No worker has given a sign of life" in page(operator)

    def test_while_the_queue_does_not_answer(
        self, operator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise UnavailableError("no Redis today")

        monkeypatch.setattr(queue, "depths", fail)
        monkeypatch.setattr(queue, "run_again", fail)
        html = page(operator)
        assert "Queue Wrong no Redis today." in html
        assert "Failed units" not in html
        response = operator.post(SYSTEM, {"key": "1"}, follow=True)
        assert "the queue does not answer" in response.content.decode()

    def test_is_linked_for_operators_only(self, operator: Client) -> None:
        link = f'<a href="{SYSTEM}"'
        assert link in operator.get(reverse("admin:index")).content.decode()
        editor = Client()
        editor.force_login(make_user(Role.EDITOR))
        assert link not in editor.get(reverse("admin:index")).content.decode()
        assert editor.get(SYSTEM).status_code == 403


class TestRunAgain:
    def test_success(self, operator: Client) -> None:
        unit = fail_a_unit()
        html = page(operator)
        assert "keep_images host=pictures.example on images" in html
        assert "OSError: &lt;the disk is full&gt;" in html
        response = operator.post(SYSTEM, {"key": str(unit.pk)}, follow=True)
        assert "It is queued again." in response.content.decode()
        again = DBTaskResult.objects.get()
        assert (again.status, again.task_path) == ("READY", "articles.tasks.keep_images")

    @pytest.mark.parametrize("key", ["", "nothing", "00000000-0000-0000-0000-000000000000"])
    def test_fail_unknown(self, operator: Client, key: str) -> None:
        unit = fail_a_unit()
        response = operator.post(SYSTEM, {"key": key}, follow=True)
        assert "Nothing was done" in response.content.decode()
        assert list(DBTaskResult.objects.values_list("pk", "status")) == [(unit.pk, "FAILED")]

    def test_fail_without_permission(self) -> None:
        unit = fail_a_unit()
        publisher = Client()
        publisher.force_login(make_user(Role.PUBLISHER))
        assert publisher.post(SYSTEM, {"key": str(unit.pk)}).status_code == 403
        assert DBTaskResult.objects.get().status == "FAILED"
