"""Import in a separate process and print its peak memory in KB: ``measuring PATH…``."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command


def main(*paths: str) -> None:
    """Import ``paths``."""
    django.setup()
    call_command("import_seeds", *paths, stdout=StringIO())
    # getrusage() would not do, because it starts with the size of the parent process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found
    sys.stdout.write(found[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
