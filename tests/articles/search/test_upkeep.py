"""Whatever writes an article, topic or provider, the index equals one that is built anew."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import connection

from articles import newsdesk
from articles.documents import DocumentProvider
from articles.importing.undo import undo
from articles.models import Act, Article, ImportRun, Topic
from articles.newsdesk import integrity, search_index
from articles.tracking import sets
from newsroom import bulk
from providers.models import Provider
from tests.articles.samples import NOON, document, entry, load, put
from tests.articles.tracking.test_sets import vocabulary
from tests.factories import make_article, make_provider, make_topic

pytestmark = pytest.mark.django_db

NEVER: Final = 1_000_000
TEXTS: Final = (
    "Bridge",
    "bridge",
    "Café &amp; Bar",
    "ประเทศไทย",
    "东京大学",
    "Łódź\u00ad",
    "ﬁnance",
    "★",
    "Drones",
    "Новые дороги",
)
LANGUAGES: Final = ("en-us", "ru", "xx")


def written() -> list[Any]:
    """Return everything that the search reads."""
    columns = ("title_words", "excerpt_words", "filed_under", "provider__name_words")
    return [
        *Article.objects.order_by("pk").values_list("pk", *columns),
        *Topic.objects.order_by("pk").values_list("pk", "name_words"),
        *vocabulary(),
    ]


def check() -> None:
    before = written()
    assert sum(renewed for _, renewed in search_index.rebuild()) == 0
    assert written() == before


def random_step(random: Random, folder: Path) -> None:
    def text() -> str:
        return " ".join(random.choices(TEXTS, k=random.randint(1, 3)))

    articles = list(Article.objects.filter(coverage_only=False).order_by("pk"))
    kind = random.choice(["import", "edit", "undo", "undo import", "topic", "provider", "row"])
    if kind == "import" or not articles:
        for number in random.sample(range(3), 2):
            one = document(
                title=text(),
                excerpt=text(),
                published_at=NOON + timedelta(days=number),
                web_url=f"https://daily.example/{number}",
                provider=DocumentProvider(text(), f"{random.choice('ab')}.example"),
                topics=(text(), text()),
                related=(entry(title=text()),),
                language=random.choice(["en", "ru", "tlh", None]),
            )
            put(folder, f"{number}.txt", one)
        load(folder)
    elif kind == "edit":
        change = newsdesk.edit(random.choice(articles), title=text(), excerpt=text())
        newsdesk.perform(change, by=None)
    elif kind == "undo":
        if act := Act.objects.first():
            with suppress(newsdesk.RefusedError):
                newsdesk.perform(newsdesk.undo(act), by=None)
    elif kind == "undo import":
        if run := ImportRun.objects.first():
            undo(run)
    elif kind == "row":
        of_one: Any = Article.objects.filter(pk=random.choice(articles).pk)
        partly = of_one.only("pk", "title", "locale").get()
        partly.title, partly.locale = text(), random.choice(LANGUAGES)
        title, locale = partly.title, partly.locale
        random.choice(
            [
                partly.save,
                lambda: partly.save(update_fields=["title"]),
                lambda: partly.save(update_fields=["locale"]),
                lambda: of_one.update(title=title),
                lambda: of_one.update(locale=locale),
                lambda: of_one.update(title=title, locale=locale),
                lambda: bulk.update(Article, ("title",), [(title, partly.pk)]),
                lambda: bulk.update(Article, ("locale",), [(locale, partly.pk)]),
            ]
        )()
    else:
        model: Any = Topic if kind == "topic" else Provider
        row = model.objects.order_by("pk").last()
        row.name = text()
        of_row = model.objects.filter(pk=row.pk)
        random.choice(
            [
                row.save,
                lambda: row.save(update_fields=["name"]),
                lambda: of_row.update(name=row.name),
                lambda: bulk.update(model, ("name",), [(row.name, row.pk)]),
            ]
        )()


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_index_equals_one_that_is_built_anew(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    with patch.object(sets, "FEWEST", random.choice([0, NEVER])):
        for _ in range(8):
            random_step(random, tmp_path)
            check()
    assert not [one for one in integrity.findings() if "search" in one.kind]


def forget_words() -> None:
    """Write rows as a former version and other programs do, without triggers of the search."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE articles_article SET title_words = NULL, title = 'Zebra'")
        cursor.execute("UPDATE articles_topic SET name_words = 'other'")
        cursor.execute("UPDATE providers_provider SET name_words = NULL")


def test_rebuild_search_finds_what_others_wrote() -> None:
    article = make_article(title="Bridge", topics=(make_topic("Rivers"),), provider=make_provider(name="Herald"))  # fmt: skip
    forget_words()
    assert [(one.kind, one.slug) for one in integrity.findings()] == [
        ("outdated in search", article.slug)
    ]
    assert not Article.objects.search("zebra")
    out = StringIO()
    call_command("rebuild_search", stdout=out)
    assert out.getvalue() == "3 rows read, 3 renewed\n"
    for query in ("zebra", "rivers", "herald"):
        assert list(Article.objects.search(query)) == [article], query
    assert not Article.objects.search("other")
    check()
    call_command("rebuild_search", "--format=json", stdout=out)
    assert '{"read": 3, "renewed": 0}' in out.getvalue()
