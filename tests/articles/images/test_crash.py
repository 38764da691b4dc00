"""A run killed at any moment leaves no row without its files and no file without its row."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from articles.documents import DocumentImage
from tests.articles.images.samples import different
from tests.articles.images.server import Server, serving
from tests.articles.importing.processes import Environment, Newsrooms, run
from tests.articles.samples import document, put
from tests.factories import NOW
from tests.profiles import by_profile

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.django_db]

COUNT = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "seeds"
    folder.mkdir()
    return folder


def put_documents(folder: Path, server: Server) -> None:
    """Write documents that have one image of their own each and share another."""
    shared = server.put("/shared", different(1000))
    for number in range(COUNT):
        images = (DocumentImage(server.put(f"/{number}", different(number))), DocumentImage(shared))
        one = document(
            title=f"Story {number}",
            web_url=f"https://paper.example/{number}",
            published_at=NOW - timedelta(hours=number),
            quality=80,
            heat=80,
            published=True,
            images=images,
        )
        put(folder, f"{number}.txt", one)


def told(environment: Environment, *words: str, returncode: int = 0) -> Any:
    done = run(environment, "-m", "tests.articles.images.crashing", *words, returncode=returncode)
    return json.loads(done.stdout) if done.stdout else None


class Places:
    """The folder of files; each newsroom has its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path

    def of(self, name: str) -> Environment:
        return {"MEDIA_ROOT": str(self.tmp_path / name)}


class Buckets(Places):
    """A bucket of an S3-compatible service; each newsroom has its own."""

    def __init__(self, service: str) -> None:
        self.service = service

    def of(self, name: str) -> Environment:
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        with patched_environment(keys):
            client = boto3.client("s3", endpoint_url=self.service, region_name="us-east-1")
            client.create_bucket(Bucket=name)
            client.close()
        return keys | {
            "AWS_EC2_METADATA_DISABLED": "true",
            "MEDIA_S3_BUCKET": name,
            "MEDIA_S3_ENDPOINT": self.service,
            "MEDIA_S3_REGION": "us-east-1",
            "MEDIA_URL": "https://media.example/",
        }


@contextmanager
def patched_environment(values: Environment) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    if request.param == "disk":
        yield Places(tmp_path)
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield Buckets(f"http://{host}:{port}")
    server.stop()


class TestAKilledRun:
    @pytest.mark.parametrize(
        ("what", "places", "points"),
        [
            ("keep", "disk", by_profile(quick=3, thorough=6)),
            ("prune", "disk", by_profile(quick=2, thorough=4)),
            ("keep", "s3", by_profile(quick=2, thorough=3)),
            ("prune", "s3", 2),
        ],
        indirect=["places"],
    )
    def test_leaves_nothing_dangling_and_the_next_run_completes_it(
        self,
        folder: Path,
        tmp_path: Path,
        newsrooms: Newsrooms,
        what: str,
        places: Places,
        points: int,
    ) -> None:
        with serving() as server:
            put_documents(folder, server)
            words = (str(server.port), str(folder))
            with newsrooms.make("whole") as environment:
                environment |= places.of("whole")
                moments = told(environment, what, "0", *words)["moments"]
                whole = told(environment, "check", what, *words)
            count = COUNT + 1 if what == "keep" else (COUNT + 1) // 2
            assert whole["already"] == len(whole["files"]) == 3 * count
            assert len(whole["stored"]) == count
            already = set()
            for number, moment in enumerate(sorted(Random(6).sample(range(1, moments), points))):
                with newsrooms.make(f"killed{number}") as environment:
                    environment |= places.of(f"killed{number}")
                    told(environment, what, str(moment), *words, returncode=-signal.SIGKILL)
                    after = told(environment, "check", what, *words)
                already.add(after.pop("already"))
                assert after == {key: value for key, value in whole.items() if key != "already"}
            assert whole["wrong"] == []
            assert (whole["failed"], whole["waiting"]) == (0, 0)
            # It was killed when some were done, but not all.
            assert len(already) > 1
