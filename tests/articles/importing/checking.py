"""Look at a newsroom in a process of its own; prints what it finds as JSON: ``checking [PATH…]``.

First that there are only whole articles: what each document in the database gives by itself, and no
row that dangles. Then, where paths are given, imports them. Last the digest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.db import connection


def main(*paths: str) -> None:
    """Check, import ``paths``, and give counts and digest."""
    django.setup()
    # Models can be imported only now.
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
