"""Imports in the admin: runs, their problems and conflicts, and source documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles import roles
from articles.admin.links import admin_link, list_link
from articles.admin.lists import ChosenFilter, ReadOnlyAdmin
from articles.importing.queued import PENDING
from articles.models import (
    ImportConflict,
    ImportProblem,
    ImportRun,
    SourceDocument,
    Upload,
    Worker,
)

SHOWN: Final = 50
"""How many problems of each kind a run's page shows; the list of problems has the rest."""

PATIENCE: Final = timedelta(seconds=15)
"""How long an import waits before its page says that no worker is running."""


class RunFilter(ChosenFilter):
    title = "import"
    parameter_name = path = "run"


class _RowAdmin(ReadOnlyAdmin):
    """Rows of a run; most of them are about an article."""

    readonly_fields = ["run_link"]

    @admin.display(description="article", ordering="article__title")
    def article_title(self, row: Any) -> str:
        return Truncator(row.article.title).chars(100)

    @admin.display(description="import")
    def run_link(self, row: Any) -> SafeString | str:
        return admin_link(row.run)


@admin.register(SourceDocument)
class SourceDocumentAdmin(_RowAdmin):
    """Documents as they arrived, without ``secured``.

    No page shows ``text``, and no search covers it.
    """

    fields = ["path", "article", "run_link", "line_ends", "digest", "document"]
    readonly_fields = [*_RowAdmin.readonly_fields, "document"]
    list_display = ["path", "article_title", "run"]
    list_filter = [RunFilter]
    list_select_related = ["article", "run"]
    search_fields = ["path", "digest"]
    search_help_text = "Part of the path or the digest"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDocument]:
        """Return the documents without their text, which the list does not show."""
        return super().get_queryset(request).defer("text")

    @admin.display(description="document")
    def document(self, source: SourceDocument) -> SafeString:
        return format_html('<pre class="document">{}</pre>', source.shown_text())


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "number",
        "state",
        "started_by",
        "created",
        "updated",
        "unchanged",
        "conflicts",
        "rejected",
        "warned",
        "skipped",
        "link_only",
    ]
    list_filter = ["state"]
    list_select_related = ["started_by"]
    fields = [
        ("started_at", "finished_at", "took"),
        ("state", "started_by", "run_by"),
        ("created", "updated", "unchanged", "retitled"),
        ("conflicts", "rejected", "warned", "skipped", "link_only"),
        "given_paths",
        "documents_link",
    ]
    readonly_fields = ["took", "run_by", "link_only", "given_paths", "documents_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        """Return all runs. First mark those whose process has ended as killed."""
        ImportRun.objects.settle()
        return super().get_queryset(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the first problems of each kind. One query, and one more for each kind found."""
        run: ImportRun = context["original"]
        context |= _state_of_upload(run)
        counts = run.problems.order_by("kind").values_list("kind").annotate(Count("pk"))
        context["problems"] = [
            (kind, kind.label, count, run.problems.filter(kind=kind)[:SHOWN])
            for kind, count in ((ImportProblem.Kind(kind), count) for kind, count in counts)
        ]
        context["shown"] = SHOWN
        context["can_undo"] = request.user.has_perm(roles.IMPORT) and (run.created or run.updated)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="number")
    def number(self, run: ImportRun) -> int:
        return run.pk

    @admin.display(description="link-only", ordering="stubs")
    def link_only(self, run: ImportRun) -> int:
        return run.stubs

    @admin.display(description="took")
    def took(self, run: ImportRun) -> str:
        ended = run.finished_at or (run.alive_at if run.state == ImportRun.State.KILLED else None)
        return f"{(ended - run.started_at).total_seconds():,.1f} s" if ended else "-"

    @admin.display(description="run by")
    def run_by(self, run: ImportRun) -> str:
        """Return the process and, for a run that has not ended, its last sign of life."""
        if not run.host:
            return "-"
        who = f"process {run.process} on {run.host}"
        if run.finished_at or run.alive_at is None:
            return who
        return f"{who}, last sign of life {formats.localize(timezone.localtime(run.alive_at))}"

    @admin.display(description="paths")
    def given_paths(self, run: ImportRun) -> str:
        return "\n".join(map(str, run.paths)) or "-"

    @admin.display(description="source files")
    def documents_link(self, run: ImportRun) -> SafeString:
        """Link to the documents that no later import has replaced."""
        return list_link(SourceDocument, "Source files last seen in this import", run=run.pk)


def _state_of_upload(run: ImportRun) -> dict[str, Any]:
    """Return the context of ``_upload.html``. One query, and up to two while the import waits."""
    upload = Upload.objects.filter(run=run).first()
    if upload is None:
        return {}
    upload.run = run
    is_pending = run.state in PENDING
    is_unpacked = upload.parts is not None or upload.begun_at is None
    is_waiting = run.state == ImportRun.State.QUEUED and is_unpacked
    earlier = Upload.objects.filter(run__state__in=PENDING, pk__lt=upload.pk)
    before = earlier.select_related("run").first() if is_waiting else None
    # On SQLite, nobody else can write while a dry run is in its transaction.
    is_checking = run.state == ImportRun.State.RUNNING and upload.is_dry_run
    at = timezone.now()
    return {
        "upload": upload,
        "is_pending": is_pending,
        "is_waiting": is_waiting,
        "can_cancel": not (upload.is_cancelled or is_checking),
        "before": before.run if before else None,
        "is_forgotten": is_pending and at - run.started_at > PATIENCE and not _is_worked_on(at),
    }


def _is_worked_on(at: datetime) -> bool:
    """Return whether a process that imports is alive. One query."""
    return Worker.objects.alive(at).filter(queue__contains="imports").exists()


@admin.register(ImportProblem)
class ImportProblemAdmin(_RowAdmin):
    list_display = ["kind", "place", "message", "run"]
    list_display_links = ["place"]
    list_filter = ["kind", RunFilter]
    list_select_related = ["run"]
    search_fields = ["path", "message"]
    ordering = ["-pk"]
    fields = ["kind", "place", "message", "details", "run_link"]
    readonly_fields = ["place", "run_link"]

    @admin.display(description="place")
    def place(self, problem: ImportProblem) -> str:
        """Return the path, line and column, if known."""
        return problem.place or "-"


@admin.register(ImportConflict)
class ImportConflictAdmin(_RowAdmin):
    """Fields that both an editor and a newer document changed; the editor's value stays."""

    list_display = ["article_title", "field", "found_at", "resolved_at"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), RunFilter]
    list_select_related = ["article", "run", "resolved_by"]
    search_fields = ["article__slug", "article__title"]
    fields = [
        "article",
        "field",
        "before",
        "source",
        "editor",
        "found_at",
        "run_link",
        "resolved_at",
        "resolved_by",
    ]
