"""Imports, and the problems and conflicts that they found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from newsroom.processes import Process

SILENT_AFTER: Final = timedelta(seconds=50)
"""A run on another host counts as killed if it has given no sign of life for this long. It gives
one every ``importing.SIGN_EVERY`` seconds."""


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def settle(self, at: datetime | None = None) -> Self:
        """Mark runs whose process has ended as killed; return all runs. One query if none has.

        Queued runs belong to no process: other workers continue them.
        """
        at = at or timezone.now()
        running = self.model.objects.filter(state=ImportRun.State.RUNNING, upload=None)
        gone = [run.pk for run in running if run.is_gone(at)]
        if gone:
            # Skip runs that have finished or given a sign of life in the meantime.
            running.filter(pk__in=gone).update(state=ImportRun.State.KILLED)
        return self


class ImportRun(models.Model):
    """One import: who, when, what, and how many documents had which result."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        FINISHED = "finished", "finished"
        INTERRUPTED = "interrupted", "interrupted"
        KILLED = "killed", "killed"
        FAILED = "failed", "failed"
        CHECKED = "checked", "dry run"
        REFUSED = "refused", "refused"

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    host = models.CharField(max_length=255, blank=True)
    process = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The id of the process on its host."
    )
    process_begun = models.PositiveBigIntegerField(
        default=0, help_text="When the process began, in ticks of its host; 0 if unknown."
    )
    alive_at = models.DateTimeField(
        null=True, blank=True, verbose_name="last sign of life", help_text="Of a running import."
    )
    paths = models.JSONField(default=list, help_text="The files and folders to import.")
    folders = models.JSONField(
        default=list,
        editable=False,
        help_text="The folders that were imported, as absolute paths on their host.",
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    retitled = models.PositiveIntegerField(
        default=0,
        help_text="Articles whose document came back under another file name, and so got another address.",
    )
    conflicts = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    warned = models.PositiveIntegerField(
        default=0, help_text="Documents with a bad value that was left out or corrected."
    )
    skipped = models.PositiveIntegerField(
        default=0, help_text="Files in folders that are not news documents."
    )
    stubs = models.PositiveIntegerField(
        default=0, help_text="Link-only articles that this import added and did not fill."
    )

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = "import"

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.started_at:%Y-%m-%d %H:%M:%S} UTC"

    def is_gone(self, at: datetime) -> bool:
        """Return whether the process of a running import has ended.

        On this host, ask the system. On others, signs of life must not be older than SILENT_AFTER.
        """
        process = Process(self.host, self.process or 0, self.process_begun)
        if process.is_here:
            return not process.is_running()
        return self.alive_at is None or at - self.alive_at > SILENT_AFTER


class ImportProblem(models.Model):
    """A problem in a document, for a person to look at."""

    class Kind(models.TextChoices):
        ERROR = "error", "rejected document"
        WARNING = "warning", "warning"
        SKIPPED = "skipped", "skipped"
        DUPLICATE = "duplicate", "possible duplicate"
        SLUG = "slug", "slug taken"
        RETITLED = "retitled", "retitled"
        CONFLICT = "conflict", "conflict with an editor's change"
        SCORE = "score", "score differs from the publishing rule"
        POLICY = "policy", "another publishing rule"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="problems")
    kind = models.CharField(max_length=10, choices=Kind)
    path = models.TextField(blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    column = models.PositiveIntegerField(null=True, blank=True)
    message = models.TextField()
    details = models.JSONField(default=dict, help_text="The message as data.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "kind"], name="problem_run_kind")]

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    @property
    def place(self) -> str:
        """The place as ``path:line:column``, without the parts that are unknown."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)


class ImportConflict(models.Model):
    """A field that an editor and a newer document both changed; the editor's value is kept."""

    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="import_conflicts"
    )
    run = models.ForeignKey(
        ImportRun, null=True, on_delete=models.SET_NULL, related_name="conflicts_found"
    )
    field = models.CharField(max_length=40)
    before = models.JSONField(null=True, help_text="The value in the document at the last import.")
    source = models.JSONField(null=True, help_text="The value in the document now.")
    editor = models.JSONField(null=True, help_text="The editor's value.")
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    act = models.ForeignKey(
        "articles.Act",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="resolved_conflicts",
        help_text="The decision that resolved it.",
    )
    note = models.CharField(
        max_length=200, blank=True, help_text="Why it was settled without a choice."
    )

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "field"],
                condition=models.Q(resolved_at=None),
                name="conflict_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.article}"
