"""The history of the newsdesk: every decision, the articles it changed, and their old values."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import models

SUGGESTED: Final = "suggested"
"""The key that marks a quality in ``ActChange.after`` as the suggested one."""


class Act(models.Model):
    """One decision by one person about one or more articles. It can only be undone as a whole."""

    class Verb(models.TextChoices):
        SCORE = "score", "scored"
        PUBLISH = "publish", "published"
        HOLD = "hold", "held"
        RELEASE = "release", "returned to automatic"
        SCHEDULE = "schedule", "scheduled"
        WITHDRAW = "withdraw", "withdrawn"
        PIN = "pin", "pinned as lead"
        UNPIN = "unpin", "unpinned"
        RELATE = "relate", "linked"
        UNRELATE = "unrelate", "unlinked"
        MERGE = "merge", "merged stories"
        SPLIT = "split", "split off"
        REFUSE = "refuse", "marked as another event"
        EDIT = "edit", "edited"
        RESOLVE = "resolve", "resolved an import conflict"
        RESTORE = "restore", "restored"
        UNDO = "undo", "undone"
        UNIMPORT = "unimport", "took back an import"

    verb = models.CharField(max_length=10, choices=Verb)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.TextField("note", blank=True)
    permissions: Any = models.JSONField(
        default=list, help_text="The permissions that it needed and that undoing it needs."
    )
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    run = models.ForeignKey(
        "articles.ImportRun",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="decisions",
        help_text="The import that brought the decision of another newsroom, or was taken back.",
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "decision"
        verbose_name_plural = "history"
        indexes = [models.Index(fields=["-at", "-id"], name="act_newest")]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} by {self.by or 'the system'}"


class ActChange(models.Model):
    """What a decision changed in one article.

    ``before`` and ``after`` map the names of the columns that an editor changed to JSON values.
    ``topics`` are ids in order; ``images`` have the values of ``documents.marks.IMAGE_FIELDS``.
    ``after`` has ``SUGGESTED`` if the quality is the one that the newsroom suggested.
    ``linked`` and ``unlinked`` are links from this article, as ``[target's id, position]``.
    ``verdicts`` are about pairs with other articles, as ``models.verdict.as_json`` returns them.
    The rule computes heat and published from these; the history shows both. If only heat and
    published changed, all other fields are empty.
    """

    act = models.ForeignKey(Act, on_delete=models.CASCADE, related_name="changes")
    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="act_changes"
    )
    before: Any = models.JSONField(default=dict)
    after: Any = models.JSONField(default=dict)
    linked: Any = models.JSONField(default=list)
    unlinked: Any = models.JSONField(default=list)
    verdicts: Any = models.JSONField(null=True)
    heat_before = models.IntegerField(null=True)
    heat_after = models.IntegerField(null=True)
    published_before = models.BooleanField()
    published_after = models.BooleanField()
    version = models.PositiveIntegerField(help_text="The article's version after the decision.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["act", "article"], name="act_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.article}: {self.act}"

    @property
    def is_decided(self) -> bool:
        """Whether the decision was about this article, rather than just affecting its heat.

        This includes decisions that changed nothing, for example to keep an edit despite an import.
        """
        scored = (self.heat_before, self.published_before) != (
            self.heat_after,
            self.published_after,
        )
        return bool(self.after or self.linked or self.unlinked) or not scored
