"""The documents that articles came from."""

from __future__ import annotations

from dataclasses import replace

from django.db import models

from articles import documents
from articles.documents import ArticleDocument


class SourceDocument(models.Model):
    """The document that an article was last imported from, as it arrived.

    It is the base of a re-import (unchanged files are known by ``digest``), of the three-way merge
    and of the export. ``secured`` stands in ``text`` and nowhere else: no queryset that feeds a
    page reads this table.
    """

    article = models.OneToOneField(
        "articles.Article", on_delete=models.CASCADE, related_name="source_document"
    )
    path = models.TextField(help_text="Relative to the folder that was imported.")
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the file.")
    line_ends = models.CharField(max_length=4, choices=[("lf", "LF"), ("crlf", "CRLF")])
    text = models.TextField(help_text="The file, byte for byte.")
    run = models.ForeignKey(
        "articles.ImportRun", null=True, on_delete=models.SET_NULL, related_name="documents"
    )

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.text.encode()

    def parse(self) -> ArticleDocument:
        """Read the document again; it was valid when it was stored."""
        return documents.parse(self.path, self.data)

    def shown_text(self) -> str:
        """Return the document for editors' eyes: canonical, and without ``secured``."""
        return documents.write(replace(self.parse(), secured=None)).decode()
