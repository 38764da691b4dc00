"""Where media lie on a disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import FileSystemStorage

PART: Final = ".part"
"""How the name of a file ends that is still being written."""


class WholeFileStorage(FileSystemStorage):
    """Files that are there as a whole or not at all; a name that is taken is written anew.

    Written beside under another name, and moved. What a process that was killed left of that ends
    in ``PART``.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the very name: whoever saves again means the same file."""
        return name

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name[:100]}-", suffix=PART, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in content.chunks():
                    file.write(piece)
            # Temporary files are for their owner alone; these are for the web server, too.
            Path(part).chmod(self.file_permissions_mode or 0o644)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return name
