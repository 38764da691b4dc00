"""The problems of an import as downloads: text, CSV and JSON, all streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from articles.admin.pages import allow
from articles.models import ImportProblem, ImportRun

_COLUMNS: Final = ("kind", "path", "line", "column", "message")
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@allow("articles.view_importrun")
def problems(request: HttpRequest, pk: int, ending: str) -> StreamingHttpResponse:
    """Stream a run's problems, or only those of one ``kind``, so that memory use stays constant."""
    run = get_object_or_404(ImportRun, pk=pk)
    content_type, lines = FORMATS[ending]
    chosen = run.problems.order_by("pk")
    kind = request.GET.get("kind")
    if kind in ImportProblem.Kind.values:
        chosen = chosen.filter(kind=kind)
    found = chosen.iterator(chunk_size=500)
    response = StreamingHttpResponse(lines(found), content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{run.pk}-problems.{ending}"'
    return response


def _text(found: Iterable[ImportProblem]) -> Iterator[str]:
    for problem in found:
        yield " ".join(str(problem).splitlines()) + "\n"


def _csv(found: Iterable[ImportProblem]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    for problem in found:
        writer.writerow([_cell(getattr(problem, name)) for name in _COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> str:
    """Return a value that no spreadsheet reads as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def _json(found: Iterable[ImportProblem]) -> Iterator[str]:
    yield "["
    for number, problem in enumerate(found):
        row = {name: getattr(problem, name) for name in _COLUMNS} | {"details": problem.details}
        yield f"{',' if number else ''}\n{json.dumps(row, ensure_ascii=False)}"
    yield "\n]\n"


_Lines = Callable[[Iterable[ImportProblem]], Iterator[str]]
FORMATS: Final[Mapping[str, tuple[str, _Lines]]] = {
    "txt": ("text/plain", _text),
    "csv": ("text/csv", _csv),
    "json": ("application/json", _json),
}
