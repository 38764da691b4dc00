"""The documents that articles came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from django.db import models
from django.db.models import F

from articles import documents
from articles.documents import ArticleDocument
from articles.models.start_of import start_of, with_any


class SourceDocumentQuerySet(models.QuerySet["SourceDocument"]):
    def at(self, paths: Iterable[str]) -> Self:
        """Keep the documents with any of these paths, found by an index."""
        return with_any(self, "path", paths)


class SourceDocument(models.Model):
    """The document that an article was last imported from, byte for byte.

    Imports (which skip unchanged files by ``digest``), the three-way merge and exports use it.
    ``secured`` is stored only in ``text``, and no page reads this table.
    """

    article = models.OneToOneField(
        "articles.Article", on_delete=models.CASCADE, related_name="source_document"
    )
    path = models.TextField(
        help_text="Relative to the imported folder. Empty if the file has another article now."
    )
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the file.")
    line_ends = models.CharField(max_length=4, choices=[("lf", "LF"), ("crlf", "CRLF")])
    text = models.TextField(help_text="The file, byte for byte.")
    run = models.ForeignKey(
        "articles.ImportRun", null=True, on_delete=models.SET_NULL, related_name="documents"
    )
    # Null until the next import or export computes it, so that no migration has to.
    mark = models.CharField(  # noqa: DJ001
        max_length=100,
        null=True,
        editable=False,
        help_text="What the document says, in short: exports compare it with the article.",
    )
    exported_digest = models.CharField(  # noqa: DJ001
        max_length=64,
        null=True,
        editable=False,
        help_text="SHA-256 of the changed document that was last exported since the import.",
    )
    exported_text = models.TextField(  # noqa: DJ001
        null=True, editable=False, help_text="That document: another newsroom may return it."
    )
    created_by = models.ForeignKey(
        "articles.ImportRun",
        null=True,
        on_delete=models.SET_NULL,
        related_name="created_documents",
        help_text="The import that created the article, or turned a link-only article into one.",
    )

    article_version = models.PositiveIntegerField(
        null=True, help_text="The article's version when the document was stored."
    )

    objects = SourceDocumentQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        verbose_name = "source file"
        indexes = [models.Index(start_of(F("path")), name="source_path")]

    def __str__(self) -> str:
        return self.path

    @property
    def data(self) -> bytes:
        return self.text.encode()

    def parse(self) -> ArticleDocument:
        """Return the parsed document. It was valid when it was stored."""
        return documents.parse(self.path, self.data)

    def shown_text(self) -> str:
        """Return the document for editors: in canonical form, without ``secured``."""
        return documents.write(replace(self.parse(), secured=None)).decode()


class FormerDocument(models.Model):
    """A document that an import replaced, kept to undo the import."""

    run = models.ForeignKey(
        "articles.ImportRun", on_delete=models.CASCADE, related_name="replaced_documents"
    )
    article = models.ForeignKey(
        "articles.Article", on_delete=models.CASCADE, related_name="former_documents"
    )
    path = models.TextField()
    digest = models.CharField(max_length=64)
    text = models.TextField()
    stem = models.CharField(max_length=240)
    former_run = models.ForeignKey(
        "articles.ImportRun",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The import that had brought this document.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "article"], name="former_document_once")
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def data(self) -> bytes:
        return self.text.encode()

    def parse(self) -> ArticleDocument:
        """Return the parsed document."""
        return documents.parse(self.path, self.data)
