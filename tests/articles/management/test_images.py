"""The commands ``cache_images`` and ``prune_images``: output and exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from articles.images import keeping
from articles.images.report import Report
from articles.models import Image, ImageFetch
from tests.articles.images.samples import different
from tests.articles.images.server import Server, reply, serving
from tests.factories import make_article, make_stored_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings, tmp_path: Any) -> Iterator[Server]:
    settings.MEDIA_ROOT = str(tmp_path)
    with serving() as server:
        settings.OUTBOUND_EXEMPT = server.exempt
        yield server


def add(url: str) -> None:
    Image.objects.create(article=make_article(), position=0, url=url)


def call(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


class TestCacheImages:
    def test_success(self, server: Server) -> None:
        add(server.put("/1", different(1)))
        add(server.put("/2", different(1)))
        status, out, err = call("cache_images")
        assert (status, err) == (0, "")
        assert out.startswith("2 images kept (1 new, 0 unchanged), shown in 2 places\n")
        assert out.endswith("0 failed\n")

    def test_fail_with_a_line_each(self, server: Server) -> None:
        add(server.url("/none"))
        status, out, err = call("cache_images")
        assert status == 1
        assert err == f"{server.url('/none')}: Its server answers 404.\n"
        assert "1 failed" in out

    def test_json(self, server: Server) -> None:
        add(server.put("/1", different(1)))
        add(server.put("/2", reply(status="500 Sorry")))
        status, out, _ = call("cache_images", "--format", "json")
        report = json.loads(out)
        assert status == 1
        assert report.pop("seconds") >= 0
        assert report.pop("stored_bytes") > 0
        (failure,) = report.pop("failures")
        assert failure["url"] == server.url("/2")
        assert failure["next_try_at"].endswith("Z")
        assert report == {
            "dry_run": False,
            "kept": 1,
            "unchanged": 0,
            "stored": 1,
            "linked": 1,
            "postponed": 0,
            "failed": 1,
            "fetched_bytes": len(different(1)),
            "interrupted": False,
        }

    def test_dry_run(self, server: Server) -> None:
        add(url := server.put("/1", different(1)))
        assert call("cache_images", "--dry-run") == (0, f"{url}\n1 images would be fetched\n", "")
        status, out, _ = call("cache_images", "--dry-run", "--format", "json")
        assert (status, json.loads(out)["wanted"]) == (0, [url])
        assert server.requests == []
        assert not ImageFetch.objects.exists()

    def test_limit_and_what_failed(self, server: Server) -> None:
        for number in range(3):
            add(server.url(f"/{number}"))
        call("cache_images", "--limit", "2")
        assert len(server.requests) == 2
        call("cache_images", "--limit", "2")
        assert len(server.requests) == 3
        call("cache_images", "--retry-failed")
        assert len(server.requests) == 6

    @pytest.mark.parametrize("limit", ["0", "-1"])
    def test_fail_invalid_limit(self, limit: str) -> None:
        with pytest.raises(CommandError) as caught:
            call("cache_images", f"--limit={limit}")
        assert caught.value.returncode == 2

    def test_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "keep", lambda **_: Report(kept=1, stopped=130))
        status, out, err = call("cache_images")
        assert status == 130
        assert out.startswith("1 images kept")
        assert err == "Interrupted. Finished images are kept; run again to continue.\n"

    def test_reports_postponed_images(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "keep", lambda **_: Report(postponed=1200))
        assert call("cache_images")[1].endswith(
            "1,200 postponed because their servers asked for fewer requests\n"
        )


class TestPruneImages:
    def test_success(self, server: Server) -> None:
        make_stored_image()
        status, out, _ = call("prune_images", "--dry-run", "--format", "json")
        assert (status, json.loads(out)["images"]) == (0, 1)
        _, out, _ = call("prune_images", "--dry-run")
        assert out == "1 images, 0 files (0 bytes) and 0 addresses would be deleted\n"
        _, out, _ = call("prune_images")
        assert out == "1 images, 0 files (0 bytes) and 0 addresses deleted\n"

    def test_keeps_recent_files(self, server: Server) -> None:
        make_stored_image()
        _, out, _ = call("prune_images", "--hours", "999999")
        assert out.startswith("0 images")

    def test_fail_negative_time(self) -> None:
        with pytest.raises(CommandError) as caught:
            call("prune_images", "--hours=-1")
        assert caught.value.returncode == 2
