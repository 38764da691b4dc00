"""Media files on disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import FileSystemStorage

PART: Final = ".part"
"""The suffix of files that are still being written."""


class WholeFileStorage(FileSystemStorage):
    """Store a file completely or not at all; an existing file of that name is replaced.

    The storage writes a temporary file in the same folder and renames it. A killed process leaves a
    temporary file that ends in ``PART``.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return ``name`` itself: saving again replaces the file."""
        return name

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name[:100]}-", suffix=PART, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in content.chunks():
                    file.write(piece)
            # Only the owner can read temporary files; the web server must be able to read these.
            Path(part).chmod(self.file_permissions_mode or 0o644)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return name
