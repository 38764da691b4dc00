"""The files of kept images, in whatever storage the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from articles.images.renditions import Rendered
from articles.models.stored_image import FOLDER, name_of
from newsroom.storage import PART


def write(rendered: Rendered) -> int:
    """Write all copies of an image; gives their bytes. Writing them again changes nothing."""
    size = 0
    for copy in rendered.renditions:
        for kind, data in copy.data.items():
            content = ContentFile(data)
            # Not every system knows these by the ends of names; a remote storage is asked for them.
            content.content_type = f"image/{kind}"  # type: ignore[attr-defined]
            default_storage.save(name_of(rendered.digest, copy.width, kind), content)
            size += len(data)
    return size


def shards() -> list[str]:
    """Return the folders that files lie in, named by the first two digits of their digests."""
    return sorted(_listdir(FOLDER)[0])


def listed(shard: str) -> Iterator[str]:
    """Return the names of all files of a shard, in no order. A listing a folder."""
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
    """Return the digest that a file belongs to: of a copy, or of one that is still being written."""
    return name.rpartition("/")[2].lstrip(".").partition("-")[0]


def is_copy(name: str) -> bool:
    """Whether a file is a whole copy, and not what was left of writing one."""
    return not name.endswith(PART)


def size_if_older(name: str, moment: datetime) -> int | None:
    """Return the bytes of a file from before ``moment``; None if it is newer, or gone meanwhile."""
    try:
        if default_storage.get_modified_time(name) > moment:
            return None
        return default_storage.size(name)
    except FileNotFoundError:
        return None


def delete(name: str) -> None:
    """Delete a file; one that is gone already does not matter."""
    default_storage.delete(name)
