"""Undoing an import."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from articles import newsdesk
from articles.documents import Desk
from articles.importing import decisions
from articles.importing.undo import Left, Undone, undo
from articles.models import Act, Article, FormerSlug, ImportRun, Related
from articles.newsdesk import verbs
from articles.roles import Role
from tests import digest
from tests.articles.samples import NOON, document, entry, load, put
from tests.factories import make_user

pytestmark = pytest.mark.django_db

OTHER = "https://herald.example/other"


def last_run() -> ImportRun:
    return ImportRun.objects.latest("pk")


def contents() -> digest.Rows:
    """Return all rows that an import writes and that undoing it restores."""
    rows = digest.without(digest.rows(), "article_version")
    return {table: found for table, found in rows.items() if table not in {"Provider", "Topic"}}


class TestCreated:
    def test_articles_are_removed_and_come_back(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document(related=(entry(),), topics=("Rivers",)))
        load(tmp_path)
        before = contents()
        assert undo(last_run()) == Undone(removed=1)
        assert not Article.objects.exists()
        assert undo(last_run()) == Undone()
        assert load(tmp_path).created == 1
        assert contents() == before

    def test_slug_of_a_removed_article_stays_reserved(self, tmp_path: Path) -> None:
        path = put(tmp_path, "one.txt", document())
        load(tmp_path)
        slug = Article.objects.get().slug
        undo(last_run())
        path.unlink()
        put(tmp_path, "two.txt", document(web_url=OTHER))
        load(tmp_path)
        assert Article.objects.get().slug == f"{slug}-2"
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        back = Article.objects.get(web_url=document().url)
        assert back.slug == slug
        assert FormerSlug.objects.get().article == back

    @pytest.mark.parametrize("batch_size", [1, 100])
    def test_articles_of_one_address_have_their_own_slugs_again(
        self, tmp_path: Path, batch_size: int
    ) -> None:
        put(tmp_path, "one.txt", document(title="One"))
        put(tmp_path, "two.txt", document(title="Two", published_at=NOON + timedelta(minutes=1)))
        load(tmp_path)
        before = set(Article.objects.values_list("title", "slug"))
        undo(last_run())
        load(tmp_path, batch_size=batch_size)
        assert set(Article.objects.values_list("title", "slug")) == before
        former = FormerSlug.objects.values_list("article__title", "slug")
        assert set(former) == before

    def test_named_article_becomes_coverage_only_again(self, tmp_path: Path) -> None:
        put(tmp_path, "namer.txt", document(related=(entry(),)))
        load(tmp_path)
        before = contents()
        put(tmp_path, "named.txt", document(title="A bridge at last", web_url=entry().web_url))
        load(tmp_path)
        assert not Article.objects.filter(coverage_only=True).exists()
        pk = Related.objects.get().target_id
        assert undo(last_run()) == Undone(removed=1)
        assert Related.objects.get().target_id == pk
        assert digest.without(contents(), "first_slug") == digest.without(before, "first_slug")

    def test_coverage_that_comes_into_sight_counts_again(self, tmp_path: Path) -> None:
        given = {"heat": None, "published": None}
        put(tmp_path, "one.txt", document(quality=60, related=(entry(),), **given))
        load(tmp_path)
        before = contents()
        # The latest article that names the coverage tells its date.
        tomorrow = timezone.now() + timedelta(days=1)
        later = entry(published_at=tomorrow)
        other = document(web_url=OTHER, published_at=tomorrow, related=(later,))
        put(tmp_path, "two.txt", other)
        load(tmp_path)
        one = Article.objects.get(web_url=document().url)
        assert (one.heat, one.published) == (60, False)
        undo(last_run())
        one.refresh_from_db()
        assert (one.heat, one.published) == (70, True)
        assert contents() == before

    def test_links_go_to_another_article_of_the_address(self, tmp_path: Path) -> None:
        put(tmp_path, "namer.txt", document(related=(entry(),)))
        put(tmp_path, "first.txt", document(title="First", web_url=entry().web_url))
        load(tmp_path)
        before = contents()
        earlier = entry().published_at.replace(year=2020)
        put(
            tmp_path,
            "second.txt",
            document(title="Second", web_url=entry().web_url, published_at=earlier),
        )
        load(tmp_path)
        assert Related.objects.get().target.title == "Second"
        undo(last_run())
        assert contents() == before


class TestChanged:
    def test_texts_links_and_scores_return(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document(related=(entry(),), quality=60))
        load(tmp_path)
        before = contents()
        newer = document(title="Bridge closed", related=(entry(web_url=OTHER),), quality=80)
        put(tmp_path, "one.txt", newer)
        load(tmp_path)
        assert Article.objects.get(coverage_only=False).title == "Bridge closed"
        assert undo(last_run()) == Undone(restored=1)
        assert contents() == before
        assert load(tmp_path).updated == 1
        assert Article.objects.get(coverage_only=False).title == "Bridge closed"

    def test_retitled_article_has_its_former_slug_again(self, tmp_path: Path) -> None:
        path = put(tmp_path, "2024-05-01-first.md", document())
        load(tmp_path)
        path.unlink()
        put(tmp_path, "2024-05-01-second.md", document(title="Second"))
        assert load(tmp_path).retitled == 1
        assert undo(last_run()) == Undone(restored=1)
        article = Article.objects.get()
        assert (article.slug, article.title) == ("2024-05-01-first", document().title)
        assert article.source_document.path == "2024-05-01-first.md"
        assert FormerSlug.objects.get().slug == "2024-05-01-second"

    def test_imports_are_undone_one_after_the_other(self, tmp_path: Path) -> None:
        states, runs = [], []
        for title in ("One", "Two", "Three"):
            put(tmp_path, "2024-05-01-x.md", document(title=title))
            load(tmp_path)
            states.append(contents())
            runs.append(last_run())
        (left,) = undo(runs[1]).left
        assert str(runs[2].pk) in left.why
        assert contents() == states[2]
        for run, state in ((runs[2], states[1]), (runs[1], states[0])):
            assert undo(run) == Undone(restored=1)
            assert contents() == state

    def test_conflicts_of_the_import_are_removed(self, tmp_path: Path) -> None:
        put(tmp_path, "2024-05-01-x.md", document())
        load(tmp_path)
        Article.objects.update(title="Ours")
        before = contents()
        put(tmp_path, "2024-05-01-x.md", document(title="Theirs"))
        assert load(tmp_path).conflicts == 1
        undo(last_run())
        assert contents() == before


class TestWhatEditorsDid:
    def test_articles_are_left_and_listed(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        put(tmp_path, "two.txt", document(title="Two", web_url=OTHER))
        load(tmp_path)
        article = Article.objects.get(web_url=OTHER)
        editor = make_user(Role.EDITOR)
        newsdesk.perform(verbs.hold(article), by=editor, reason="Wait")
        undone = undo(last_run())
        assert undone.removed == 1
        (left,) = undone.left
        assert left.slug == article.slug
        assert left.why.startswith(f"held by {editor} on ")
        assert Article.objects.get() == article

    def test_decisions_about_coverage_stay(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document(related=(entry(),)))
        load(tmp_path)
        stub = Article.objects.get(coverage_only=True)
        until = timezone.now() + timedelta(days=1)
        newsdesk.perform(verbs.hold(stub, until=until), by=make_user(Role.EDITOR), reason="Wait")
        held = decisions.stored(Article.objects.get(pk=stub.pk))
        pinned = document(title="Two", web_url=entry().web_url, desk=Desk(pinned=True))
        put(tmp_path, "two.txt", pinned)
        load(tmp_path)
        assert Article.objects.get(pk=stub.pk).is_pinned
        undo(last_run())
        stub.refresh_from_db()
        assert stub.coverage_only
        assert decisions.stored(stub) == held

    def test_a_later_import_hides_no_decision(self, tmp_path: Path) -> None:
        put(tmp_path, "2024-05-01-x.md", document())
        load(tmp_path)
        first, editor = last_run(), make_user(Role.EDITOR)
        newsdesk.perform(verbs.edit(Article.objects.get(), title="Ours"), by=editor)
        put(tmp_path, "2024-05-01-x.md", document(excerpt="New."))
        load(tmp_path)
        assert undo(last_run()) == Undone(restored=1)
        (left,) = undo(first).left
        assert left.why.startswith(f"edited by {editor} on ")
        assert Article.objects.get().title == "Ours"

    def test_undoing_the_later_import_is_not_advised_in_vain(self, tmp_path: Path) -> None:
        put(tmp_path, "2024-05-01-x.md", document())
        load(tmp_path)
        first, editor = last_run(), make_user(Role.EDITOR)
        put(tmp_path, "2024-05-01-x.md", document(excerpt="New."))
        load(tmp_path)
        assert undo(first).left[0].why.endswith("undo that import first")
        newsdesk.perform(verbs.edit(Article.objects.get(), title="Ours"), by=editor)
        for run in (last_run(), first):
            assert undo(run).left[0].why.startswith(f"edited by {editor} on ")

    def test_history_says_that_an_import_was_undone(self, tmp_path: Path) -> None:
        put(tmp_path, "2024-05-01-x.md", document())
        load(tmp_path)
        put(tmp_path, "2024-05-01-x.md", document(title="Two"))
        load(tmp_path)
        run, operator = last_run(), make_user(Role.OPERATOR)
        undo(run, user=operator)
        act = Act.objects.get()
        assert (act.verb, act.by, act.run) == (Act.Verb.UNIMPORT, operator, run)
        assert [change.article for change in act.changes.all()] == [Article.objects.get()]
        run.refresh_from_db()
        assert run.undone_by == operator


class TestTheCommand:
    def test_prints_json(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        dry = called(last_run().pk, "--dry-run")
        assert dry == {"removed": 1, "restored": 0, "left": []}
        assert Article.objects.count() == 1
        assert called(last_run().pk) == dry
        assert called(last_run().pk) == {"removed": 0, "restored": 0, "left": []}

    def test_says_that_there_is_nothing_to_undo(self) -> None:
        assert Undone().as_text() == "There is nothing to undo."
        left = Undone(removed=1_000, left=[Left("a", "held")])
        assert left.as_text() == "1,000 articles removed, 0 restored, 1 left as they are\na: held"

    def test_refuses_an_unknown_import_and_one_that_is_running(self) -> None:
        with pytest.raises(CommandError, match="no import 7") as raised:
            call_command("undo_import", "7")
        assert raised.value.returncode == 2
        run = ImportRun.objects.create(started_at="2026-01-01T00:00Z")
        with pytest.raises(CommandError, match="still running"):
            call_command("undo_import", str(run.pk))


def called(*arguments: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("undo_import", *map(str, arguments), "--format", "json", stdout=out)
    made: dict[str, Any] = json.loads(out.getvalue())
    return made
