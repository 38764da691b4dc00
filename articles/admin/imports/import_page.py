"""Importing and exporting documents in the admin."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import (
    MemoryFileUploadHandler,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from articles import roles
from articles.admin.decisions.confirmation import answer, user_of
from articles.admin.pages import ARTICLES, allow
from articles.importing import export, uploads
from articles.importing.archives import ARCHIVES, BY_HAND, MOST_BYTES, MOST_FILES
from articles.importing.files import ENDINGS
from articles.models import Article, Upload

MOST_SENT: Final = MOST_BYTES + 16 * 1024 * 1024
"""The most bytes of a request: a gigabyte of files, plus what a browser adds between them."""
FILES: Final = ", ".join(ENDINGS)
HELP: Final = (
    f"Archives ({', '.join(ARCHIVES)}) or single documents ({FILES}): up to {MOST_FILES:,} documents "
    "and 1 GB unpacked. For more, run manage.py import_seeds on the server."
)


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
        label="Files",
        widget=_ManyFilesInput(
            {"accept": ",".join((*ENDINGS, *ARCHIVES, ".gz")), "data-most-bytes": MOST_BYTES}
        ),
        help_text=HELP,
        error_messages={"required": "Choose at least one file."},
    )
    dry_run = forms.BooleanField(
        required=False,
        label="Dry run",
        help_text="Check everything and show the report, but write nothing. You can then import the "
        "same files with one click.",
    )

    def clean_documents(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["documents"]
        for file in files:
            if not str(file.name).lower().endswith((*ENDINGS, *ARCHIVES)):
                raise forms.ValidationError(
                    f"{file.name}: names of documents must end in {FILES}, and those of archives in "
                    f"{', '.join(ARCHIVES)}."
                )
        return files


@csrf_exempt
@allow(roles.IMPORT, "GET", "HEAD", "POST")
def import_documents(request: HttpRequest) -> HttpResponseBase:
    """Accept an upload. Check the user and the size before reading the request."""
    # The CSRF check reads the whole request, so it comes last.
    sent = request.META.get("CONTENT_LENGTH") or ""
    if sent.isdecimal() and int(sent) > MOST_SENT:
        return _page(request, ImportForm(), f"The files have more than 1 GB: {BY_HAND}.", 413)
    # The limit of other pages does not apply here.
    request.upload_handlers = [
        MemoryFileUploadHandler(request),
        TemporaryFileUploadHandler(request),
    ]
    try:
        _ = request.POST
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        error = f"More than {most} files at once. Put them into a ZIP file."
        return _page(request, ImportForm(), error, 400)
    return _checked(request)


@csrf_protect
def _checked(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    files, is_dry_run = form.cleaned_data["documents"], form.cleaned_data["dry_run"]
    upload = uploads.receive(files, by=user_of(request), is_dry_run=is_dry_run)
    return _queued(upload)


def _page(
    request: HttpRequest, form: ImportForm, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "title": "Import documents",
        "trail": [(reverse("admin:articles_importrun_changelist"), "Imports")],
        "form": form,
        "error": error,
    }
    response = answer(request, "import", context)
    response.status_code = status
    return response


def _queued(upload: Upload) -> HttpResponse:
    return redirect("admin:articles_importrun_change", upload.run.pk)


@allow(roles.IMPORT, "POST")
def import_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Import the files of a dry run, or of an import that did not finish."""
    upload = get_object_or_404(Upload, run=pk)
    queued = uploads.import_again(upload.pk, by=user_of(request))
    if queued is None:
        messages.error(request, "The files are no longer there. Upload them again.")
        return redirect("admin:articles_importrun_change", pk)
    return _queued(queued)


@allow(roles.IMPORT, "POST")
def cancel_import(request: HttpRequest, pk: int) -> HttpResponse:
    uploads.cancel(get_object_or_404(Upload.objects.select_related("run"), run=pk))
    return redirect("admin:articles_importrun_change", pk)


@allow(roles.EXPORT)
def export_page(request: HttpRequest) -> HttpResponseBase:
    """Send the current documents of all articles, or of the published ones."""
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
