"""A folder goes through edits, renames, deletions, broken files and undone imports.

In any order: a slug never passes to another article, every address that was ever stored leads to
its article, exports are the files byte for byte, the rows are those of a fresh import of the last
state, and a follower of the API has what the site has.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles import importing
from articles.documents import ArticleDocument, DocumentProvider, slug_for, write
from articles.importing.undo import undo
from articles.models import Article, FormerSlug, ImportRun
from tests import digest
from tests.articles.api.test_following import Mirror, site
from tests.articles.importing.worlds import blank_newsroom, folder_of
from tests.articles.samples import NOON, document, entry

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.no_cover]

TITLES: Final = ("Bridge opens", "Bridge opens 2", "Bridge closed", "River rises")
BROKEN: Final = b'---\ntitle: "No end\n---\n'


@dataclass
class World:
    """A folder, and what its newsroom must never forget."""

    folder: Path
    random: Random
    documents: dict[str, ArticleDocument] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """The address key of the article that each slug belongs to."""
    gone: set[str] = field(default_factory=set)
    """The address keys of articles whose files were deleted."""
    count: int = 0

    def add(self) -> None:
        self.count += 1
        provider = DocumentProvider("Paper", f"paper-{self.count}.example")
        url = f"https://{provider.domain}/{self.count}"
        at = NOON + timedelta(hours=self.random.randrange(3))
        named = self.random.sample(sorted(self.documents), k=min(len(self.documents), 2))
        related = [entry(web_url=self.documents[name].web_url) for name in named]
        related.append(entry(title="Elsewhere", web_url=f"https://x.example/{self.count % 4}"))
        made = document(
            title=self.random.choice(TITLES),
            provider=provider,
            web_url=url,
            published_at=at,
            related=tuple(related),
            quality=self.random.choice([None, 40, 60, 80]),
            heat=None,
            published=None,
        )
        self.store(made)

    def store(self, made: ArticleDocument) -> None:
        """Write a document to a file named after its day and headline."""
        slug = slug_for(made.title, made.published_at, made.url)
        folders = ("", "a/", "b/", "c/", "d/", "e/", "f/", "g/", "h/")
        names = (f"{folder}{slug}.md" for folder in folders)
        name = next(name for name in names if name not in self.documents)
        self.documents[name] = made
        self.put(name, write(made))

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def pick(self) -> str | None:
        return self.random.choice(sorted(self.documents)) if self.documents else None

    def edit(self) -> None:
        if name := self.pick():
            words = f"Edited {self.random.randrange(1000)}."
            self.documents[name] = replace(self.documents[name], excerpt=words)
            self.put(name, write(self.documents[name]))

    def retitle(self) -> None:
        if name := self.pick():
            made = self.documents.pop(name)
            (self.folder / name).unlink()
            self.store(replace(made, title=self.random.choice(TITLES)))

    def delete(self) -> None:
        """Delete a file, if no document is linked to its article."""
        urls = {one.url for one in self.documents.values()}
        named = {one.url for made in self.documents.values() for one in made.related}
        for name, made in sorted(self.documents.items()):
            if made.url not in named and not urls & {one.url for one in made.related}:
                del self.documents[name]
                (self.folder / name).unlink()
                self.gone.add(made.key)
                return

    def damage(self) -> None:
        """Break a file: the next import rejects it, and ``repair`` restores it."""
        if name := self.pick():
            self.put(name, BROKEN)

    def repair(self) -> None:
        for name, made in self.documents.items():
            self.put(name, write(made))

    def load(self) -> ImportRun:
        report = importing.run([self.folder], batch_size=self.random.choice([1, 3, 100]))
        assert report.run is not None
        return report.run

    def check(self, mirror: Mirror) -> None:
        """Check the rules that every state of the newsroom must follow."""
        told = mirror.follow()
        assert mirror.items == site(mirror.client)
        slugs = dict(Article.objects.filter(coverage_only=False).values_list("slug", "address_key"))
        for slug, key in slugs.items():
            assert self.owners.setdefault(slug, key) == key
        former = dict(FormerSlug.objects.values_list("slug", "article__address_key"))
        there = set(slugs.values())
        assert {one["slug"] for one in told} <= self.owners.keys()
        for slug, key in self.owners.items():
            if key in there:
                assert key in {slugs.get(slug), former.get(slug)}, slug


@settings(max_examples=24, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), length=st.integers(2, 7))
def test_any_history(seed: int, length: int) -> None:
    random = Random(seed)
    with folder_of([]) as folder, folder_of([]) as out:
        world = World(folder, random)
        for _ in range(4):
            world.add()
        with blank_newsroom():
            mirror = Mirror(Client())
            world.load()
            world.check(mirror)
            for _ in range(length):
                for step in random.choices(
                    [world.add, world.edit, world.retitle, world.delete, world.damage], k=3
                ):
                    step()
                before = digest.rows()
                run = world.load()
                world.check(mirror)
                if random.random() < 0.4:
                    undo(run)
                    world.check(mirror)
                    assert contents(digest.rows()) == contents(before)
                world.repair()
            world.load()
            world.check(mirror)
            call_command("export_seeds", str(out), verbosity=0)
            exported = {path.read_bytes() for path in out.glob("*.md")}
            assert {write(made) for made in world.documents.values()} <= exported
            found = state(world)
        with blank_newsroom():
            world.load()
            assert found == state(world)


def contents(rows: digest.Rows) -> digest.Rows:
    """Leave out topics and providers, which are never removed, and counters of changes."""
    kept = digest.without(rows, "article_version", "first_slug", "mark", "slug")
    return {table: found for table, found in kept.items() if table not in {"Provider", "Topic"}}


def state(world: World) -> digest.Rows:
    """Return the rows of the articles whose files exist, except for slugs."""
    rows = digest.up_to_slugs(digest.without(digest.rows(), "article_version", "path"))
    found = {}
    for table in ("Article", "Image", "Related", "SourceDocument"):
        found[table] = [
            row for row in rows[table] if not world.gone & {value for _, value in row if value}
        ]
    named = {entry.key for made in world.documents.values() for entry in made.related}
    kept = named | {made.key for made in world.documents.values()}
    found["Article"] = [row for row in found["Article"] if dict(row)["address_key"] in kept]
    return found
