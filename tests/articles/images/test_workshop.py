"""What is done to a file that is not trusted has an end, in time and memory, and breaks nothing."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from articles.images import workshop
from articles.images.renditions import RefusedImageError, render
from articles.images.workshop import Workshop
from tests.articles.images.samples import bad_images, drawn, picture, png, saved
from tests.articles.samples import ROOT

BREAKING = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from articles.images import workshop
def broken(data, decoded):
    match data:
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"end":
            os._exit(3)
        case b"spin":
            while True:
                pass
        case b"spin later":
            decoded()
            while True:
                pass
        case b"wait":
            signal.pause()
        case b"eat":
            return bytearray(workshop.MEMORY)
        case b"noise":
            os.write(1, b"noise on the pipe")
            os._exit(0)
    return data
workshop.render = broken
workshop.DECODE_SECONDS = 0.05
workshop.ENCODE_SECONDS = 0.05
workshop.serve()
"""


def _is_sound(shop: Workshop) -> bool:
    answer: object = shop.render(b"sound")
    return answer == b"sound"


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    with Workshop(1) as shop:
        yield shop


class TestRender:
    def test_gives_what_the_function_gives(self, shop: Workshop) -> None:
        assert shop.render(picture()) == render(picture())

    def test_fail_with_the_reason(self, shop: Workshop) -> None:
        with pytest.raises(RefusedImageError, match="SVG"):
            shop.render(b"<svg>")
        assert shop.render(picture()).width == 200

    def test_200_broken_ones_neither_crash_it_nor_end_it(self, shop: Workshop) -> None:
        shop.render(picture())
        process = shop._all[0]._process
        assert process is not None
        reasons = []
        for data in bad_images(200, seed=7):
            try:
                shop.render(data)
            except RefusedImageError as error:
                reasons.append(str(error))
        assert 0 < len(reasons) < 200
        # The same process: none took more than its time, nor broke it.
        assert shop._all[0]._process is process
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            assert int(lines["VmHWM"].split()[0]) < 300 * 1024

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("mode", "kind", "options"),
        [("RGBA", "PNG", {}), ("RGB", "JPEG", {"progressive": True}), ("P", "GIF", {})],
    )
    def test_the_largest_fit(
        self, shop: Workshop, mode: str, kind: str, options: dict[str, bool]
    ) -> None:
        data = saved(drawn((8000, 5000)).convert(mode), kind, **options)
        assert shop.render(data).width == 8000

    def test_fail_for_more_memory_than_there_is(self, shop: Workshop) -> None:
        # A decoder of WebP takes sixteen bytes a pixel.
        data = saved(Image.new("RGB", (6000, 5000)), "WEBP")
        with pytest.raises(RefusedImageError):
            shop.render(data)
        assert shop.render(picture()).width == 200


class TestLimits:
    def test_are_those_of_the_issue(self) -> None:
        assert workshop.DECODE_SECONDS == 2
        assert workshop.MEMORY < 300 * 1000 * 1000

    def test_hold_in_the_process(self) -> None:
        program = (
            "import io, resource, sys; from articles.images import workshop; "
            "sys.stdin = io.TextIOWrapper(io.BytesIO()); workshop.serve(); "
            "print(*resource.getrlimit(resource.RLIMIT_DATA))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [str(workshop.MEMORY)] * 2
        # Not in this one.
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] != workshop.MEMORY

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"crash", r"breaks what is to read it \(SIGSEGV\)"),
            (b"end", r"breaks what is to read it \(exit 3\)"),
            (b"noise", "breaks what is to read it"),
            (b"spin", "takes too much time to read"),
            (b"spin later", "takes too much time to read"),
            (b"eat", "takes more than 270 MB to read"),
        ],
    )
    def test_fail_alone(self, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str) -> None:
        monkeypatch.setattr(workshop, "_PROGRAM", BREAKING)
        with Workshop(1) as shop:
            with pytest.raises(RefusedImageError, match=reason):
                shop.render(data)
            assert _is_sound(shop)

    def test_fail_by_the_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workshop, "_PROGRAM", BREAKING)
        with Workshop(1) as shop:
            assert _is_sound(shop)
            monkeypatch.setattr(workshop, "PATIENCE", 0.1)
            with pytest.raises(RefusedImageError, match=r"not ready after 0\.1 seconds"):
                shop.render(b"wait")
            monkeypatch.setattr(workshop, "PATIENCE", 60.0)
            assert _is_sound(shop)


class TestTheEnd:
    def test_leaves_no_process(self) -> None:
        with Workshop(2) as shop:
            shop.render(picture())
            processes = [bench._process for bench in shop._all if bench._process]
            assert len(processes) == 1
        assert all(process.poll() is not None for process in processes)

    def test_comes_with_the_end_of_who_started_it(self) -> None:
        program = (
            "import os, signal; from articles.images.workshop import Workshop; shop = Workshop(1); "
            f"shop.render({picture()!r}); print(shop._all[0]._process.pid, flush=True); "
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == -signal.SIGKILL
        try:
            process = os.pidfd_open(int(done.stdout))
        except ProcessLookupError:
            return
        assert select.select([process], [], [], 30)[0]
        os.close(process)

    def test_pixels_of_nothing_are_no_work(self, shop: Workshop) -> None:
        # Sixteen megapixels that take no bytes: decoded in time, or told to be broken.
        with pytest.raises(RefusedImageError):
            shop.render(png(4000, 4000, b""))
