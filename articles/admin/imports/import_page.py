"""Importing and exporting documents in the admin."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Value
from django.db.models.functions import Replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from articles import importing, roles
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.imports.uploads import MOST_FILES, UploadError, lay_down
from articles.admin.pages import ARTICLES, allow
from articles.importing import export
from articles.importing.files import ENDINGS
from articles.models import Article, ImportProblem

SHOWN: Final = 500
"""How many problems of a dry run the page lists. An import's problems are stored and can be
downloaded."""


class _ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    widget = _ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = data if isinstance(data, list) and data else [data or None]
        clean = super().clean
        return [clean(file, initial) for file in files]


class ImportForm(forms.Form):
    documents = _FilesField(
        widget=_ManyFilesInput({"accept": ",".join((*ENDINGS, ".zip"))}),
        help_text=f"Documents ({', '.join(ENDINGS)}) or one ZIP file of up to {MOST_FILES}, "
        "10 MB unpacked. Larger imports: manage.py import_seeds.",
    )
    dry_run = forms.BooleanField(
        required=False,
        label="Dry run",
        help_text="Check everything and show the report, but write nothing.",
    )


@allow(roles.IMPORT, "GET", "HEAD", "POST")
def import_documents(request: HttpRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    report = None
    if is_sent and form.is_valid():
        try:
            report = _run(request, form.cleaned_data["documents"], form.cleaned_data["dry_run"])
        except UploadError as error:
            form.add_error("documents", str(error))
    if report is not None and report.run is not None:
        messages.success(request, report.as_text().splitlines()[0])
        return redirect("admin:articles_importrun_change", report.run.pk)
    context = {
        "title": "Import documents",
        "trail": [(reverse("admin:articles_importrun_changelist"), "Imports")],
        "form": form,
        "report": report,
        "problems": report.problems[:SHOWN] if report else (),
        "shown": SHOWN,
    }
    return answer(request, "import", context)


def _run(request: HttpRequest, files: list[UploadedFile[Any]], dry_run: bool) -> importing.Report:
    """Import from a temporary folder. Reports use the names of the uploaded files."""
    with TemporaryDirectory(prefix="newsroom-import-") as name:
        folder = f"{name}/"
        uploaded = lay_down(files, Path(name))
        # Users name single files by hand, but not the files in an archive.
        skip = any(str(file.name).lower().endswith(".zip") for file in files)
        report = importing.run([Path(name)], dry_run=dry_run, skip=skip, user=user_of(request))
    for problem in report.problems:
        problem.path = problem.path.removeprefix(folder)
        problem.message = problem.message.replace(folder, "")
    if report.run is not None:
        report.run.paths = uploaded
        report.run.save(update_fields=["paths"])
        ImportProblem.objects.filter(run=report.run).update(
            path=Replace("path", Value(folder)), message=Replace("message", Value(folder))
        )
    return report


@allow(roles.EXPORT)
def export_page(request: HttpRequest) -> HttpResponseBase:
    """Send the documents of all articles, or of the published ones, as they are now."""
    chosen = {"all": Article.objects.all(), "published": Article.objects.published()}
    which = request.GET.get("which", "")
    if which in chosen:
        response = StreamingHttpResponse(_zipped(chosen[which]), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="newsroom-{which}.zip"'
        return response
    return answer(request, "export", {"title": "Export documents", "trail": [ARTICLES]})


class _Outlet(io.RawIOBase):
    """A write-only file. ``take()`` returns the data written so far."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _zipped(articles: Any) -> Iterator[bytes]:
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, _ in export.documents_of(articles):
            archive.writestr(name, data)
            yield outlet.take()
    yield outlet.take()
