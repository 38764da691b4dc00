"""Check a newsroom in a separate process and print the results as JSON: ``checking [PATH…]``.

It checks that every article has exactly the rows of its document and that no foreign key dangles.
Then it imports the paths, if there are any, and prints the digest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.db import connection


def main(*paths: str) -> None:
    """Check, import ``paths``, and print counts and digest."""
    django.setup()
    # Models cannot be imported earlier.
    from articles import importing
    from articles.importing.snapshot import STATE_LOADED, of_article, of_document
    from articles.models import Article, ImportRun
    from tests.digest import digest

    connection.check_constraints()
    documents = Article.objects.filter(coverage_only=False)
    assert not documents.filter(source_document=None).exists()
    assert not Article.objects.filter(coverage_only=True, named_by_links=None).exists()
    for article in documents.select_related("provider").prefetch_related(*STATE_LOADED):
        assert of_article(article) == of_document(article.source_document.parse()), article.slug
    ImportRun.objects.settle()
    found = {
        "articles": documents.count(),
        "states": list(ImportRun.objects.order_by("pk").values_list("state", flat=True)),
        "created": sum(ImportRun.objects.values_list("created", flat=True)),
    }
    if paths:
        found["rejected"] = importing.run([Path(path) for path in paths]).rejected
    sys.stdout.write(json.dumps(found | {"digest": digest()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
