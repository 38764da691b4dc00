"""The files of kept images, in the storage that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from articles.images.renditions import Rendered
from articles.models.stored_image import FOLDER, name_of
from newsroom.storage import PART


def write(rendered: Rendered) -> int:
    """Write all copies of an image and return their size in bytes. Safe to repeat."""
    size = 0
    for copy in rendered.renditions:
        for kind, data in copy.data.items():
            content = ContentFile(data)
            # A remote storage serves this type, as not every system knows these file extensions.
            content.content_type = f"image/{kind}"  # type: ignore[attr-defined]
            default_storage.save(name_of(rendered.digest, copy.width, kind), content)
            size += len(data)
    return size


def shards() -> list[str]:
    """Return the top folders. Each is named after the first two digits of its digests."""
    return sorted(_listdir(FOLDER)[0])


def listed(shard: str) -> Iterator[str]:
    """Yield the names of all files in a shard, in no particular order. Lists each folder once."""
    top = f"{FOLDER}/{shard}"
    for folder in _listdir(top)[0]:
        for name in _listdir(f"{top}/{folder}")[1]:
            yield f"{top}/{folder}/{name}"


def _listdir(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def digest_of(name: str) -> str:
    """Return the digest in the name of a copy, finished or still being written."""
    return name.rpartition("/")[2].lstrip(".").partition("-")[0]


def is_copy(name: str) -> bool:
    """Return whether a file is a finished copy, not a partly written one."""
    return not name.endswith(PART)


def size_if_older(name: str, moment: datetime) -> int | None:
    """Return the size of a file in bytes, or None if it is newer than ``moment`` or gone."""
    try:
        if default_storage.get_modified_time(name) > moment:
            return None
        return default_storage.size(name)
    except FileNotFoundError:
        return None
