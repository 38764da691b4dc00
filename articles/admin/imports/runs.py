"""What was imported, and what imports found, in the admin."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from articles import roles
from articles.admin.imports import run_files
from articles.admin.imports.import_page import import_urls
from articles.admin.links import admin_link
from articles.admin.lists import ChosenFilter, ReadOnlyAdmin
from articles.models import ImportConflict, ImportProblem, ImportRun, SourceDocument

SHOWN: Final = 50
"""Problems of each kind on a run's page; the list of problems has the rest."""


class RunFilter(ChosenFilter):
    """What one run did."""

    title = parameter_name = path = "run"


@admin.register(SourceDocument)
class SourceDocumentAdmin(ReadOnlyAdmin):
    """Documents as they arrived, but for ``secured``: ``text`` is on no page and in no search."""

    fields = ["path", "article_link", "run_link", "line_ends", "digest", "document"]
    readonly_fields = ["article_link", "run_link", "document"]
    list_display = ["path", "article_title", "run"]
    list_filter = [RunFilter]
    list_select_related = ["article", "run"]
    search_fields = ["path", "digest"]
    search_help_text = "Part of the path or the digest"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDocument]:
        """Return the documents without their text, of which a list shows nothing."""
        documents: QuerySet[SourceDocument] = super().get_queryset(request)
        return documents.select_related("article", "run").defer("text")

    @admin.display(description="article", ordering="article__title")
    def article_title(self, source: SourceDocument) -> str:
        """Return its article's headline."""
        return Truncator(source.article.title).chars(100)

    @admin.display(description="article")
    def article_link(self, source: SourceDocument) -> SafeString | str:
        """Link to the article made of it."""
        return admin_link(source.article)

    @admin.display(description="run")
    def run_link(self, source: SourceDocument) -> SafeString | str:
        """Link to the run that brought it."""
        return admin_link(source.run)

    @admin.display(description="document")
    def document(self, source: SourceDocument) -> SafeString:
        """Show it without what is secured."""
        return format_html('<pre class="document">{}</pre>', source.shown_text())


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """Runs of the import with their counts and problems."""

    list_display = [
        "started_at",
        "state",
        "started_by",
        "created",
        "updated",
        "unchanged",
        "conflicts",
        "rejected",
        "stubs",
    ]
    list_filter = ["state"]
    list_select_related = ["started_by"]
    fields = [
        ("started_at", "finished_at", "took"),
        ("state", "started_by"),
        ("created", "updated", "unchanged"),
        ("conflicts", "rejected", "stubs"),
        "given_paths",
        "documents_link",
    ]
    readonly_fields = ["took", "given_paths", "documents_link"]

    def get_urls(self) -> list[URLPattern]:
        """Put our own pages before Django's."""
        site = self.admin_site
        return [*import_urls(site), *run_files.urls(site), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Tell the list whether its user may import."""
        more = {"may_import": request.user.has_perm(roles.IMPORT)}
        return super().changelist_view(request, (extra_context or {}) | more)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        """Return the runs with who started them."""
        runs: QuerySet[ImportRun] = super().get_queryset(request)
        return runs.select_related("started_by")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the first problems of each kind. One query and one more a kind that occurs."""
        run: ImportRun = context["original"]
        counts = run.problems.order_by("kind").values_list("kind").annotate(Count("pk"))
        context["problems"] = [
            (kind, kind.label, count, run.problems.filter(kind=kind)[:SHOWN])
            for kind, count in ((ImportProblem.Kind(kind), count) for kind, count in counts)
        ]
        context["shown"] = SHOWN
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="took")
    def took(self, run: ImportRun) -> str:
        """Say how long it ran."""
        if run.finished_at is None:
            return "-"
        return f"{(run.finished_at - run.started_at).total_seconds():,.1f} s"

    @admin.display(description="paths")
    def given_paths(self, run: ImportRun) -> str:
        """List what was given to import, a line each."""
        return "\n".join(map(str, run.paths)) or "-"

    @admin.display(description="documents")
    def documents_link(self, run: ImportRun) -> SafeString:
        """Link to the list of the documents that this run was the last to bring."""
        address = reverse("admin:articles_sourcedocument_changelist")
        return format_html(
            '<a href="{}?run={}">Documents last brought by this run</a>', address, run.pk
        )


@admin.register(ImportProblem)
class ImportProblemAdmin(ReadOnlyAdmin):
    """Everything that imports want a person to look at."""

    list_display = ["kind", "place", "message", "run"]
    list_display_links = ["place"]
    list_filter = ["kind", RunFilter]
    list_select_related = ["run"]
    search_fields = ["path", "message"]
    ordering = ["-pk"]
    fields = ["kind", "place", "message", "details", "run_link"]
    readonly_fields = ["place", "run_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportProblem]:
        """Return the problems with their runs."""
        problems: QuerySet[ImportProblem] = super().get_queryset(request)
        return problems.select_related("run")

    @admin.display(description="place")
    def place(self, problem: ImportProblem) -> str:
        """Return path, line and column as far as there are any."""
        return problem.place or "(no one place)"

    @admin.display(description="run")
    def run_link(self, problem: ImportProblem) -> SafeString | str:
        """Link to the run that found it."""
        return admin_link(problem.run)


@admin.register(ImportConflict)
class ImportConflictAdmin(ReadOnlyAdmin):
    """Fields that an editor and a newer document both changed; the editor's value stands."""

    list_display = ["article_title", "field", "found_at", "resolved_at"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), RunFilter]
    list_select_related = ["article"]
    search_fields = ["article__slug", "article__title"]
    fields = [
        "article_link",
        "field",
        "before",
        "source",
        "editor",
        "found_at",
        "run_link",
        "resolved_at",
        "resolved_by",
    ]
    readonly_fields = ["article_link", "run_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportConflict]:
        """Return the conflicts with what they are about."""
        conflicts: QuerySet[ImportConflict] = super().get_queryset(request)
        return conflicts.select_related("article", "run", "resolved_by")

    @admin.display(description="article", ordering="article__title")
    def article_title(self, conflict: ImportConflict) -> str:
        """Return the article's headline."""
        return Truncator(conflict.article.title).chars(100)

    @admin.display(description="article")
    def article_link(self, conflict: ImportConflict) -> SafeString | str:
        """Link to the article."""
        return admin_link(conflict.article)

    @admin.display(description="run")
    def run_link(self, conflict: ImportConflict) -> SafeString | str:
        """Link to the run that found it."""
        return admin_link(conflict.run)
