"""Imports that background workers do, the parts of their files, and their progress."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F

from articles.models.import_run import ImportRun
from articles.models.start_of import start_of, with_any


class Upload(models.Model):
    """What the workers know about a queued run: uploaded files, or folders of a server.

    Uploaded files are in private storage, not in the database. Several runs may have the same files:
    a dry run, and the import that follows it. They also have the same parts.
    """

    run = models.OneToOneField(ImportRun, on_delete=models.CASCADE, related_name="upload")
    token = models.CharField(max_length=40, help_text="Begins the names of the stored files.")
    names = models.JSONField(
        help_text="The files' own names, in the order of the stored files; empty for folders."
    )
    is_dry_run = models.BooleanField(default=False)
    fail_fast = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it ends with the first rejected document.",
    )
    begun_at = models.DateTimeField(null=True, help_text="When a worker took it.")
    total = models.PositiveIntegerField(null=True, help_text="How many documents it contains.")
    done = models.PositiveIntegerField(default=0, help_text="How many of them are finished.")
    parts = models.PositiveIntegerField(
        null=True, help_text="How many parts its files have; empty until they are known."
    )
    stored = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many parts are stored."
    )
    last_article = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="The highest id of an article before the run."
    )
    skips = models.JSONField(
        null=True, help_text="How many files were skipped, by folder and reason."
    )
    policy = models.JSONField(null=True, help_text="Which policy explains the most scores.")
    message = models.TextField(blank=True, help_text="Why it was not imported, or not all of it.")
    is_cancelled = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, help_text="When its files were removed.")

    def __str__(self) -> str:
        return ", ".join(self.names or self.run.paths)

    @property
    def stored_names(self) -> list[str]:
        """The names of its files in the storage."""
        return [f"{self.token}-{number}" for number in range(len(self.names))]

    @property
    def can_be_imported(self) -> bool:
        """Whether its files are there and this run did not import them."""
        return self.removed_at is None and self.run.state in {
            ImportRun.State.CHECKED,
            ImportRun.State.INTERRUPTED,
            ImportRun.State.KILLED,
            ImportRun.State.FAILED,
        }


class ImportPart(models.Model):
    """Some of the files of a queued run. Workers parse parts in any order, and store them in turn."""

    token = models.CharField(max_length=40)
    number = models.PositiveIntegerField(help_text="Its place in the order, from 0.")
    texts = models.BinaryField(help_text="The files, compressed.")
    parsed = models.BinaryField(null=True, help_text="The parsed documents, compressed.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["token", "number"], name="import_part_once"),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.token}"


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def named(self, name: str) -> Self:
        """Keep the files with this name, found by an index."""
        return with_any(self, "name", [name])


class ImportFile(models.Model):
    """The name of a file of a part: workers on other machines cannot look into the folder."""

    part = models.ForeignKey(ImportPart, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField(help_text="Its place in the part, from 0.")
    name = models.TextField(help_text="Relative to the imported folder.")
    inode = models.CharField(max_length=64, help_text="Equal for two names of one file.")
    digest = models.CharField(max_length=64, blank=True, help_text="Blank if it cannot be read.")

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(start_of(F("name")), name="import_file_name")]

    def __str__(self) -> str:
        return self.name
