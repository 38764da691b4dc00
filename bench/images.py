"""Measure images per second of the whole pipeline, and of bare Pillow making the same renditions.

    python bench/images.py [--count 60] [--width 2400] [--seconds 5]

Draws ``--count`` photographs (JPEG, some PNG), serves them on this machine, and stores them in a
fresh SQLite database and folder: fetched, checked, rendered in separate processes, written,
committed. The reference is Pillow alone in a pool of as many processes, with the same files in memory
and the same sizes, formats and options, but without fetching, limits, files and database. Prints the
images per second of both, and the sizes in bytes of the originals and of what readers download.

Then measures the front page of 25 stories with and without their pictures, like ``bench/served.py``:
from the cache, and built for each request. Prints how many pictures the page has, and how many of
them a browser loads immediately.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sqlite3
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final
from urllib.request import urlopen

import django
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.import_export import manage
from bench.served import measure, serving


def photograph(number: int, width: int) -> bytes:
    """Draw an image that has soft areas, edges and grain like a photograph."""
    random = Random(number)
    size = (width, width * 2 // 3)
    bands = []
    for _ in range(3):
        coarse = Image.new("L", (24, 16))
        coarse.putdata([random.randrange(256) for _ in range(24 * 16)])
        soft = coarse.resize(size, Image.Resampling.BICUBIC)
        grain = Image.effect_noise(size, 40).filter(ImageFilter.GaussianBlur(1))
        bands.append(Image.blend(soft, grain, 0.25))
    out = io.BytesIO()
    # Formats as cameras and agencies send them: one image in ten is a PNG.
    options = {"format": "PNG"} if number % 10 == 9 else {"format": "JPEG", "quality": 90}
    Image.merge("RGB", bands).save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def bare(data: bytes) -> int:
    """Make the same renditions with Pillow alone; return their total size in bytes."""
    from articles.images.renditions import _OPTIONS, FORMATS, sizes_of

    total = 0
    image = Image.open(io.BytesIO(data))
    sizes = sizes_of(*image.size)
    image.draft("RGB", sizes[-1])
    image = image.convert("RGB")
    for size in sizes:
        copy = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        for kind in FORMATS:
            out = io.BytesIO()
            copy.save(out, kind.upper(), **_OPTIONS[kind])
            total += out.tell()
    return total


def pipeline(originals: list[bytes]) -> tuple[float, int]:
    """Store the images in a new newsroom; return the seconds taken and the bytes written."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from articles.images.keeping import keep
    from articles.models import Image as ArticleImage
    from tests.articles.images import server as images
    from tests.factories import make_article

    with images.serving() as server:
        settings.OUTBOUND_EXEMPT = server.exempt
        for number, data in enumerate(originals):
            url = server.put(f"/{number}", data)
            ArticleImage.objects.create(article=make_article(), position=0, url=url)
        started = perf_counter()
        report = keep()
        seconds = perf_counter() - started
    assert report.stored == len(originals), report
    return seconds, report.stored_bytes


def without_pictures(folder: Path) -> str:
    """Copy the database, delete the images in the copy, and return the copy's URL."""
    copy = folder / "plain.sqlite3"
    with closing(sqlite3.connect(folder / "db.sqlite3")) as whole:
        # Includes what is still in the journal.
        whole.execute("VACUUM INTO ?", [str(copy)])
    address = f"sqlite:///{copy}"
    manage("shell", "--no-imports", "-c", _DELETE, database=address)
    return address


_DELETE: Final = "from articles.models import Image; Image.objects.all().delete()"


def front_page(folder: Path, seconds: int) -> None:
    """Measure and print the front page with and without pictures."""
    databases = {
        "25 pictures": f"sqlite:///{folder}/db.sqlite3",
        "no pictures": without_pictures(folder),
    }
    print("\n| front page | cache | pages/s | p50 | p99 | KB | pictures | at once |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for cache, url in (("cached", "locmemcache://"), ("uncached", "dummycache://")):
        for name, database in databases.items():
            with serving(database, url, folder) as origin:
                with urlopen(f"{origin}/") as response:
                    page = response.read().decode()
                rate, half, most = measure(f"{origin}/", seconds)
            size = len(page.encode()) / 1000
            pictures = re.findall(r"<img\b[^>]*\bsrc=[^>]*>", page)
            at_once = sum("lazy" not in one for one in pictures)
            row = f"{rate:,.0f} | {half} | {most} | {size:.1f} | {len(pictures)} | {at_once}"
            print(f"| {name} | {cache} | {row} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--width", type=int, default=2400)
    parser.add_argument(
        "--seconds", type=int, default=5, help="seconds for each measurement of the front page"
    )
    options = parser.parse_args()
    processes = os.cpu_count() or 1
    with ProcessPoolExecutor(processes) as pool:
        numbers, widths = range(options.count), [options.width] * options.count
        originals = list(pool.map(photograph, numbers, widths))
        # These processes have already started; starting the pipeline's takes a tenth of a second.
        started = perf_counter()
        bare_bytes = sum(pool.map(bare, originals))
        bare_seconds = perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "ENV_FILE": "",
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "MEDIA_ROOT": f"{folder}/media",
            "DJANGO_SETTINGS_MODULE": "newsroom.settings",
        }
        django.setup()
        seconds, stored_bytes = pipeline(originals)
        from articles.models import StoredImage

        # What a phone probably loads, and the largest that any reader gets.
        shown = [stored.copies for stored in StoredImage.objects.all()]
        small = sum(copies[min(1, len(copies) - 1)]["bytes"]["avif"] for copies in shown)
        largest = sum(copies[-1]["bytes"]["avif"] for copies in shown)
        original_bytes = sum(map(len, originals))
        print(f"{options.count} images of {options.width} pixels, {processes} processes")
        print(f"bare Pillow  {options.count / bare_seconds:6.2f} images/s")
        print(f"pipeline     {options.count / seconds:6.2f} images/s")
        print(f"originals    {original_bytes / options.count / 1000:8.1f} KB each")
        print(
            f"all copies   {stored_bytes / options.count / 1000:8.1f} KB each, bare Pillow {bare_bytes / options.count / 1000:.1f}"
        )
        print(f"640, AVIF    {small / options.count / 1000:8.1f} KB each")
        print(f"largest AVIF {largest / options.count / 1000:8.1f} KB each")
        front_page(Path(folder), options.seconds)


if __name__ == "__main__":
    main()
