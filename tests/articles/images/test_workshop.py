"""Rendering an untrusted file has limited time and memory, and breaks nothing."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

import pytest
from PIL import Image

from articles.images import render_process
from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError, render
from tests.articles.images.hostile import as_large_as_may_be, bad_images, many_scans
from tests.articles.images.measuring import forget_peak, peak, processes
from tests.articles.images.samples import drawn, picture, png, saved
from tests.articles.samples import ROOT
from tests.profiles import by_profile

BREAKING = ("tests.articles.images.breaking", "answer")


def _is_sound(shop: Workshop) -> bool:
    answer: object = shop.render(b"sound")
    return answer == b"sound"


def _processor_seconds() -> float:
    """Return the processor time of all child processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    with Workshop(1) as shop:
        yield shop


class TestRender:
    def test_returns_what_the_function_returns(self, shop: Workshop) -> None:
        assert shop.render(picture()) == render(picture())

    def test_fail_with_the_reason(self, shop: Workshop) -> None:
        with pytest.raises(RefusedImageError, match="SVG"):
            shop.render(b"<svg>")
        assert shop.render(picture()).width == 200

    @pytest.mark.slow
    def test_broken_images_stay_within_limits(
        self, shop: Workshop, record_property: Callable[[str, object], None]
    ) -> None:
        shop.render(picture())
        shown, reasons, slowest, largest = 0, [], 0.0, 0
        count = by_profile(quick=80, thorough=240)
        for data in bad_images(count, seed=7):
            for process in processes(shop):
                forget_peak(process)
            started = perf_counter()
            try:
                shown += len(shop.render(data).renditions) > 0
            except RefusedImageError as error:
                reasons.append(str(error))
            slowest = max(slowest, perf_counter() - started)
            largest = max(largest, *map(peak, processes(shop)), 0)
        # Each image was refused with a reason, and no bug in Pillow or our code killed the process.
        assert [reason for reason in reasons if "crashes" in reason] == []
        assert count / 6 < shown < count * 5 / 6
        assert largest < 300_000_000
        record_property("slowest", slowest)
        record_property("largest", largest)

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

    @pytest.mark.slow
    def test_fail_too_much_time(self) -> None:
        before = _processor_seconds()
        with Workshop(1) as shop, pytest.raises(RefusedImageError, match="too much time to read"):
            # The decoder would take half a minute.
            shop.render(many_scans())
        spent = _processor_seconds() - before
        # Processor time in ticks does not depend on load; part of it is for starting.
        assert abs(spent - render_process.DECODE_SECONDS) < 1

    @pytest.mark.slow
    def test_an_image_leaves_no_memory_for_the_next(self, shop: Workshop) -> None:
        whole = as_large_as_may_be("PNG")
        for _ in range(2):
            # The image is refused only after memory for all its pixels is allocated.
            with pytest.raises(RefusedImageError, match="truncated"):
                shop.render(whole[: len(whole) // 2])
            assert shop.render(whole).width == 6300

    def test_fail_too_much_memory(self, shop: Workshop) -> None:
        # The WebP decoder needs 16 bytes for each pixel.
        data = saved(Image.new("RGB", (6000, 5000)), "WEBP")
        with pytest.raises(RefusedImageError):
            shop.render(data)
        assert shop.render(picture()).width == 200


class TestLimits:
    def test_are_those_of_the_issue(self) -> None:
        assert render_process.DECODE_SECONDS == 2
        assert render_process.MEMORY < 300 * 1000 * 1000

    def test_hold_in_the_process(self) -> None:
        program = (
            "import resource; from articles.images import render_process; "
            "render_process.answer(b''); print(*resource.getrlimit(resource.RLIMIT_DATA))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [str(render_process.MEMORY)] * 2
        # The limit does not apply to this process.
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] != render_process.MEMORY

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"crash", r"crashes the program that reads it \(SIGSEGV\)"),
            # The system does this when memory runs out.
            (b"killed", r"crashes the program that reads it \(SIGKILL\)"),
            (b"end", r"crashes the program that reads it \(exit 3\)"),
            (b"noise", "crashes the program that reads it"),
            (b"spin", "takes too much time to read"),
            (b"spin later", "takes too much time to read"),
            (b"eat", "takes more than 260 MB to read"),
        ],
    )
    def test_fail_alone(self, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str) -> None:
        monkeypatch.setattr(render_process, "FUNCTION", BREAKING)
        with Workshop(1) as shop:
            with pytest.raises(RefusedImageError, match=reason):
                shop.render(data)
            assert _is_sound(shop)

    def test_fail_by_the_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(render_process, "FUNCTION", BREAKING)
        with Workshop(1) as shop:
            assert _is_sound(shop)
            monkeypatch.setattr(render_process, "PATIENCE", 0.1)
            with pytest.raises(RefusedImageError, match=r"not ready after 0\.1 seconds"):
                shop.render(b"wait")
            monkeypatch.setattr(render_process, "PATIENCE", 60.0)
            assert _is_sound(shop)


class TestTheEnd:
    def test_leaves_no_process(self) -> None:
        with Workshop(2) as shop:
            shop.render(picture())
            processes = [bench._process.popen for bench in shop._all if bench._process]
            assert len(processes) == 1
        assert all(process.poll() is not None for process in processes)

    def test_ends_with_the_process_that_started_it(self) -> None:
        program = (
            "import os, signal; from articles.images.render_process import Workshop; shop = Workshop(1); "
            f"shop.render({picture()!r}); print(shop._all[0]._process.popen.pid, flush=True); "
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

    def test_large_size_without_pixels(self, shop: Workshop) -> None:
        # A few bytes claim 16 megapixels. The image must be refused.
        with pytest.raises(RefusedImageError):
            shop.render(png(4000, 4000, b""))
