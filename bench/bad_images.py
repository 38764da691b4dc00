"""Render broken images and print the result, time and memory of each.

    python bench/bad_images.py [FOLDER ...] [--made 1000]

Renders every file of the folders, of any kind, and ``--made`` images that the tests damage, one after
the other in a render process, as ``cache_images`` does. Pillow's source distribution has a thousand
test images in ``Tests/images``, including some that once crashed or hung it:
``pip download --no-binary :all: --no-deps pillow``. Prints how many were stored and refused, the
reasons, how many render processes died, and the images that took the most time and memory.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from articles.images.render_process import Workshop
from articles.images.renditions import RefusedImageError, sniff
from tests.articles.images.hostile import bad_images
from tests.articles.images.measuring import forget_peak, peak, processes, processor_seconds


@dataclass
class Ended:
    """The result for one image, with its time and its peak memory in bytes."""

    name: str
    format: str
    words: str
    seconds: float
    """Processor time, which does not depend on other work on the machine."""
    peak: int
    """0 if the image killed the process."""


def given(folders: list[Path], made: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each image."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()
    for number, data in enumerate(bad_images(made, seed=1)):
        yield f"made {number}", data


def ended(name: str, data: bytes, shop: Workshop) -> Ended:
    """Render one image and return the result."""
    for process in processes(shop):
        forget_peak(process)
    before = sum(map(processor_seconds, processes(shop)))
    try:
        shop.render(data)
        words = "kept"
    except RefusedImageError as error:
        words = str(error)
    seconds = sum(map(processor_seconds, processes(shop))) - before
    largest = max(map(peak, processes(shop)), default=0)
    return Ended(name, sniff(data) or "none", words, seconds, largest)


def main() -> None:
    """Render all images and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--made", type=int, default=1_000)
    options = parser.parse_args()
    with Workshop(1) as shop:
        # Do not count the start of the process as part of an image.
        ended("first", bad_images(1, seed=0)[0], shop)
        all_of_them = [
            ended(name, data, shop) for name, data in given(options.folders, options.made)
        ]
    kept = [one for one in all_of_them if one.words == "kept"]
    broke = sum(not one.peak for one in all_of_them)
    print(f"{len(all_of_them):,} images: {len(kept):,} kept, {broke:,} killed their process")
    print("By format:", dict(Counter(one.format for one in all_of_them)))
    refused = [one for one in all_of_them if one.words != "kept"]
    said = Counter(re.sub(r"\d+", "N", one.words) for one in refused)
    for words, count in said.most_common():
        print(f"{count:6,}  {words}")
    for title, some in (
        ("Slowest kept", sorted(kept, key=lambda one: -one.seconds)),
        ("Slowest refused", sorted(refused, key=lambda one: -one.seconds)),
        ("Largest", sorted(all_of_them, key=lambda one: -one.peak)),
    ):
        print(title)
        for one in some[:4]:
            print(f"{one.seconds:6.2f} s {one.peak / 1e6:6.1f} MB  {one.name}: {one.words}")


if __name__ == "__main__":
    main()
