"""Run one step and print its seconds, documents and peak memory (MB) as JSON."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import django

CHUNK = 2_000


def bulk_create_again(target_url: str) -> float:
    """Copy the default database's articles and documents to another with plain ``bulk_create``.

    Return the seconds of writing; reading the rows is not counted.
    """
    from django.core.management import call_command
    from django.db import connections, models, transaction

    from articles.models import (
        Article,
        ArticleTopic,
        Image,
        ImportRun,
        Related,
        SourceDocument,
        Topic,
    )
    from newsroom.environment import database
    from providers.models import Provider

    default = connections.databases["default"]
    connections.databases["reference"] = {**default, **database(target_url, 0)}
    call_command("migrate", database="reference", verbosity=0)
    seconds = 0.0
    models_in_order: list[type[models.Model]] = [
        Provider,
        Topic,
        ImportRun,
        Article,
        ArticleTopic,
        Image,
        Related,
        SourceDocument,
    ]
    for model in models_in_order:
        rows: Iterator[models.Model] = model._default_manager.order_by("pk").iterator(CHUNK)
        while chunk := list(islice(rows, CHUNK)):
            started = perf_counter()
            with transaction.atomic(using="reference"):
                model._default_manager.using("reference").bulk_create(chunk)
            seconds += perf_counter() - started
    return seconds


def write_plainly(folder: str) -> tuple[float, int]:
    """Write the stored texts to files, one after the other; return the seconds and the number."""
    from articles.models import SourceDocument

    started = perf_counter()
    documents = 0
    Path(folder).mkdir()
    texts = SourceDocument.objects.order_by("pk").values_list("article__slug", "text")
    for slug, text in texts.iterator(CHUNK):
        (Path(folder) / f"{slug}.md").write_bytes(text.encode())
        documents += 1
    return perf_counter() - started, documents


class Children(threading.Thread):
    """Watch the memory of child processes; ``peak`` is the peak of the largest one, in kilobytes.

    Their ``ru_maxrss`` would include this process, because a child starts as a copy of it.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        while True:
            sleep(0.1)
            for name in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                try:
                    status = Path(f"/proc/{name}/status").read_text()
                except OSError:
                    continue
                found = re.search(r"VmHWM:\s+(\d+) kB", status)
                self.peak = max(self.peak, int(found[1]) if found else 0)


def run(stage: str, argument: str) -> dict[str, Any]:
    """Run one step: import, reimport, export, write, bulk_create or check (an idle Django)."""
    from django.core.management import call_command

    from articles.models import SourceDocument

    if stage == "check":
        call_command("check", stdout=io.StringIO())
        return {}
    if stage == "write":
        seconds, documents = write_plainly(argument)
        return {"seconds": seconds, "documents": documents}
    if stage == "bulk_create":
        seconds = bulk_create_again(argument)
        return {"seconds": seconds, "documents": SourceDocument.objects.count()}
    out = io.StringIO()
    started = perf_counter()
    with redirect_stderr(io.StringIO()):
        if stage == "export":
            call_command("export_seeds", argument, stdout=out)
        else:
            call_command("import_seeds", argument, "--format=json", stdout=out)
    seconds = perf_counter() - started
    if stage == "export":
        documents = sum(1 for _ in Path(argument).glob("*.md"))
    else:
        report = json.loads(out.getvalue())
        documents = report["created"] + report["unchanged"]
        expected = "created" if stage == "import" else "unchanged"
        assert report[expected] == documents, report
    return {"seconds": seconds, "documents": documents}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    django.setup()
    children = Children()
    children.start()
    result = run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    # In kilobytes on Linux. A large import has one child process, the parser: add its peak.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + children.peak
    result["megabytes"] = peak / 1024
    print(json.dumps(result))
