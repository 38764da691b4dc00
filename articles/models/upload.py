"""Files that were uploaded in the admin, and the progress of their import."""

from __future__ import annotations

from django.db import models

from articles.models.import_run import ImportRun


class Upload(models.Model):
    """The files that a run imports or checks.

    They are in private storage, not in the database. Several uploads may have the same files: a dry
    run, and the import that follows it.
    """

    run = models.OneToOneField(ImportRun, on_delete=models.CASCADE, related_name="upload")
    token = models.CharField(max_length=40, help_text="Begins the names of the stored files.")
    names = models.JSONField(help_text="The files' own names, in the order of the stored files.")
    is_dry_run = models.BooleanField(default=False)
    begun_at = models.DateTimeField(null=True, help_text="When a worker took it.")
    total = models.PositiveIntegerField(null=True, help_text="How many documents it contains.")
    done = models.PositiveIntegerField(default=0, help_text="How many of them are finished.")
    message = models.TextField(blank=True, help_text="Why it was not imported, or not all of it.")
    is_cancelled = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, help_text="When its files were removed.")

    def __str__(self) -> str:
        return ", ".join(self.names)

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
