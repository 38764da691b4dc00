"""A new newsroom on SQLite with the documents of a hub, in this process."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import django


@contextmanager
def newsroom() -> Iterator[Path]:
    """Make an empty newsroom for the block, and yield its folder. Models can be imported in there."""
    with tempfile.TemporaryDirectory(prefix="newsroom-bench-") as name:
        os.environ |= {"ENV_FILE": "", "DATABASE_URL": f"sqlite:///{name}/db.sqlite3"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Path(name)


def load(documents: Path) -> None:
    """Import the documents of a folder, without a word."""
    from django.core.management import call_command

    with redirect_stderr(io.StringIO()):
        call_command("import_seeds", str(documents), stdout=io.StringIO())
