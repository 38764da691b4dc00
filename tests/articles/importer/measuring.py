"""Import in a process of its own and print the most memory it had, in KB: ``measuring PATH…``."""

from __future__ import annotations

import resource
import sys
from io import StringIO

import django
from django.core.management import call_command


def main(*paths: str) -> None:
    """Import ``paths``."""
    django.setup()
    call_command("import_seeds", *paths, stdout=StringIO())
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


if __name__ == "__main__":
    main(*sys.argv[1:])
