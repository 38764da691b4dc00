"""Importing documents, and taking them away, in the admin: a few at a time, for operators."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Value
from django.db.models.functions import Replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_safe

from articles import importing, roles
from articles.admin.decisions.confirmation import user_of
from articles.admin.imports.uploads import MOST_FILES, UploadError, lay_down
from articles.importing import export
from articles.importing.files import ENDINGS
from articles.models import Article, ImportProblem, ImportRun

SHOWN: Final = 500
"""Problems of a dry run that the page lists; those of a run are kept and can be downloaded."""


def import_urls(site: AdminSite) -> list[URLPattern]:
    """Return the address of the import page."""
    return [path("import/", site.admin_view(import_documents), name="articles_importrun_import")]


def export_urls(site: AdminSite) -> list[URLPattern]:
    """Return the address of the export page."""
    return [path("export/", site.admin_view(export_page), name="articles_article_export")]


class _ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One or more files, as a list."""

    widget = _ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Check each file."""
        files = data if isinstance(data, list) and data else [data or None]
        clean = super().clean
        return [clean(file, initial) for file in files]


class ImportForm(forms.Form):
    """Documents to import."""

    documents = _FilesField(
        widget=_ManyFilesInput({"accept": ",".join((*ENDINGS, ".zip"))}),
        help_text=f"Documents ({', '.join(ENDINGS)}) or one ZIP file of up to {MOST_FILES}, "
        "10 MB unpacked. Larger imports: manage.py import_seeds.",
    )
    dry_run = forms.BooleanField(
        required=False,
        label="Only try",
        help_text="All checks and the whole report; nothing is written.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def import_documents(request: HttpRequest) -> HttpResponse:
    """Import uploaded documents and show what came of it."""
    if not request.user.has_perm(roles.IMPORT):
        raise PermissionDenied
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
        **admin.site.each_context(request),
        "title": "Import documents",
        "opts": ImportRun._meta,
        "form": form,
        "report": report,
        "problems": report.problems[:SHOWN] if report else (),
        "shown": SHOWN,
    }
    return render(request, "admin/articles/desk/import.html", context)


def _run(request: HttpRequest, files: list[UploadedFile[Any]], dry_run: bool) -> importing.Report:
    """Import from a folder that is gone afterward; reports name files as they were uploaded."""
    with TemporaryDirectory(prefix="newsroom-import-") as name:
        folder = f"{name}/"
        uploaded = lay_down(files, Path(name))
        report = importing.run([Path(name)], dry_run=dry_run, user=user_of(request))
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


@require_safe
def export_page(request: HttpRequest) -> HttpResponseBase:
    """Send the documents of all articles, or of the published ones, as they are now."""
    if not request.user.has_perm(roles.EXPORT):
        raise PermissionDenied
    chosen = {"all": Article.objects.all(), "published": Article.objects.published()}
    which = request.GET.get("which", "")
    if which in chosen:
        response = StreamingHttpResponse(_zipped(chosen[which]), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="newsroom-{which}.zip"'
        return response
    context = {
        **admin.site.each_context(request),
        "title": "Export documents",
        "opts": Article._meta,
    }
    return render(request, "admin/articles/desk/export.html", context)


class _Outlet(io.RawIOBase):
    """A file that is only ever written: what was written is taken out piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since this was last asked."""
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
