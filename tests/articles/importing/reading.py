"""Read and write a newsroom while others import into it: ``reading STOP``.

In each round it reads published articles and saves an editor's change, until the file STOP exists.
It prints the number of rounds. On a lock error it stops with a traceback.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(stop: str) -> None:
    """Read and write until the file STOP exists."""
    django.setup()
    # Models cannot be imported earlier.
    from articles.models import Article
    from providers.models import Provider

    reads = 0
    while not Path(stop).exists():
        list(Article.objects.published().newest_first().for_list()[:25])
        Provider.objects.update_or_create(domain="editor.example", defaults={"name": str(reads)})
        reads += 1
    sys.stdout.write(str(reads))


if __name__ == "__main__":
    main(*sys.argv[1:])
