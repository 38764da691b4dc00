"""Build a database of a million articles to measure.

    python bench/archive.py [--counts 20000 1000000] [--databases sqlite postgres]

Imports 20,000 generated documents, then copies their articles, topics and links with SQL, spread
over the years up to today, until there are enough articles (coverage-only ones count). Each copy has
its own time, slug, URL and one unique word. A few in a thousand are held, withdrawn, scheduled,
expired or published by an editor. Images and documents are not copied, because no list shows them.

Replaces dev_archive.sqlite3 in the folder for temporary files, and the database dev_archive on the
server of BENCH_POSTGRES_URL (dev_archive_20000 for 20,000). ``bench/newsdesk.py``,
``bench/policy.py`` and ``bench/search.py`` measure them.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import django

if TYPE_CHECKING:
    from django.db import models

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("BENCH_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
DOCUMENTS = 20_000
MILLION = 1_000_000


def database_url(kind: str, count: int) -> str:
    """Return the database URL of the archive of ``count`` articles."""
    name = "dev_archive" if count == MILLION else f"dev_archive_{count}"
    if kind == "sqlite":
        return f"sqlite:///{Path(tempfile.gettempdir(), name)}.sqlite3"
    return urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))


def make(kind: str, count: int) -> None:
    """Build one archive in a separate process, replacing an earlier one."""
    url = database_url(kind, count)
    name = urlsplit(url).path.removeprefix("/")
    if kind == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(f"/{name}{ending}").unlink(missing_ok=True)
    else:
        import psycopg

        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
    command = [sys.executable, str(Path(__file__)), "--fill", str(count)]
    environment = {**os.environ, "ENV_FILE": "", "DATABASE_URL": url}
    subprocess.run(command, env=environment, check=True)


def fill(count: int) -> None:
    """Fill the empty default database."""
    from django.core.management import call_command
    from django.db import connection

    started = perf_counter()
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory(prefix="newsroom-archive-") as folder:
        call_command("generate_seeds", folder, count=min(count, DOCUMENTS), seed=1, verbosity=0)
        call_command("import_seeds", folder, stdout=io.StringIO())
    print(f"{connection.vendor}: imported after {perf_counter() - started:.0f} s", flush=True)
    stored = repeat(count)
    decide()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{connection.vendor}: {stored:,} articles after {perf_counter() - started:.0f} s")


def repeat(count: int) -> int:
    """Copy the imported articles until there are ``count``; return the total."""
    from django.db import connection, transaction
    from django.db.models import Max, Min
    from django.utils import timezone

    from articles.models import Article, ArticleTopic, Related

    first = Article.objects.count()
    copies = max(-(-count // first) - 1, 0)
    times = Article.objects.aggregate(least=Min("published_at"), most=Max("published_at"))
    span = (times["most"] - times["least"]).days + 2
    to_today = (timezone.now() - times["most"]).days
    stride = {model: _last_id(model) for model in (Article, ArticleTopic, Related)}
    # The imported articles become the oldest, so that newer articles have higher ids, as in real
    # use. In two steps, so that no slug collides with another on the way.
    far = 10_000
    with transaction.atomic(), connection.cursor() as cursor:
        for days in (-far, far + to_today - copies * span):
            columns = _moved(days)
            values = ", ".join(f"{name} = {value}" for name, value in columns.items())
            cursor.execute(f"UPDATE articles_article SET {values}")  # noqa: S608
            later = columns["published_at"]
            cursor.execute(f"UPDATE articles_articletopic SET published_at = {later}")  # noqa: S608
    for copy in range(1, copies + 1):
        columns = _moved(copy * span) | {
            name: f"CASE WHEN {name} = '' THEN '' ELSE {name} || '?edition={copy}' END"
            for name in ("original_url", "web_url", "amp_url", "cdn_amp_url")
        }
        own_word = _word(f"id + {copy * stride[Article]}")
        columns["excerpt"] = f"excerpt || ' Record ' || {own_word} || '.'"
        columns["excerpt_words"] = f"trim('record ' || {own_word} || ' ' || excerpt_words)"
        for model in stride:
            moves = {"id": model, "article_id": Article, "target_id": Article}
            columns |= {name: f"{name} + {copy * stride[of]}" for name, of in moves.items()}
            _insert_again(model, columns, last=stride[model])
        print(f"\r{copy}/{copies}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model, last in stride.items():
                table = model._meta.db_table
                last *= copies + 1
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})")
    return Article.objects.count()


def _last_id(model: type[models.Model]) -> int:
    last: int = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    return last


def _insert_again(model: type[models.Model], columns: Mapping[str, str], last: int) -> None:
    from django.db import connection, transaction

    names = [field.column for field in model._meta.concrete_fields if not field.generated]
    values = ", ".join(columns.get(name, name) for name in names)
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608 - names of our own fields
            f"SELECT {values} FROM {table} WHERE id <= {last} ORDER BY id"
        )


def _moved(days: int) -> dict[str, str]:
    """Return SQL for the columns that depend on an article's time, moved by ``days``."""
    from django.db import connection

    if connection.vendor == "postgresql":
        date = f"to_char(left({{0}}, 10)::date + {days}, 'YYYY-MM-DD')"
        moment = f"{{0}} + interval '{days} days'"
    else:
        date = f"date(substr({{0}}, 1, 10), '{days} days')"
        moment = f"strftime('%Y-%m-%d %H:%M:%S', {{0}}, '{days} days')"
    slugs = {name: f"{date} || substr({{0}}, 11)".format(name) for name in ("slug", "stem")}
    moments = {name: moment.format(name) for name in ("published_at", "updated_at")}
    # The rank on the front page grows by one a day.
    rank = f"CASE WHEN coverage_only THEN 0 ELSE top_rank + {days} END"
    return slugs | moments | {"top_rank": rank}


def _word(number: str) -> str:
    """Return SQL for a word that is unique to a number: ``r`` and eight hexadecimal digits."""
    from django.db import connection

    scattered = f"({number}) * 2654435761 % 4294967296"
    if connection.vendor == "postgresql":
        return f"'r' || lpad(to_hex(({scattered.replace(' *', '::bigint *')})), 8, '0')"
    return f"printf('r%08x', {scattered})"


def decide() -> None:
    """Add an editor's decision to a few articles in a thousand."""
    from django.db.models import F
    from django.db.models.functions import Mod
    from django.utils import timezone

    from articles.models import Article

    now = timezone.now()
    listed = Article.objects.filter(coverage_only=False)
    for decision, every in (("hold", 1_009), ("withdraw", 2_003), ("publish", 499)):
        listed.alias(rest=Mod(F("pk"), every)).filter(rest=0, decision="").update(
            decision=decision, decided_at=now, published=decision == "publish"
        )
    published = listed.filter(published=True)
    published.alias(rest=Mod(F("pk"), 1_511)).filter(rest=0).update(
        publish_from=now + timedelta(days=3)
    )
    published.alias(rest=Mod(F("pk"), 1_753)).filter(rest=0, publish_from=None).update(
        publish_until=now - timedelta(days=1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[20_000, MILLION])
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill)
        return
    for count in options.counts:
        for kind in options.databases:
            make(kind, count)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if "--fill" in sys.argv:
        django.setup()
    main()
