"""Merging a newer document with an editor's changes to the older one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from articles import heat, importing
from articles.documents import ArticleDocument, DocumentImage
from articles.importing.snapshot import of_article, of_document
from articles.models import (
    Article,
    ImportConflict,
    ImportProblem,
    Related,
    SourceDocument,
    Topic,
)
from providers.models import Provider
from tests.articles.importing.worlds import blank_newsroom
from tests.articles.samples import (
    DAILY,
    HERALD,
    counts,
    document,
    edit,
    entry,
    load,
    only_article,
    put,
)

pytestmark = pytest.mark.django_db


def bring(folder: Path, one: ArticleDocument, name: str = "one.txt") -> importing.Report:
    put(folder, name, one)
    return load(folder)


class TestAnEditorsChange:
    def test_survives_while_other_fields_follow_the_source(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="A bridge, finally")
        report = bring(tmp_path, document(excerpt="It is longer."))
        assert counts(report) == {"updated": 1}
        article = only_article()
        assert (article.title, article.excerpt) == ("A bridge, finally", "It is longer.")

    def test_survives_any_number_of_imports(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="A bridge, finally")
        for number in range(3):
            bring(tmp_path, document(excerpt=f"Version {number}."))
            assert only_article().title == "A bridge, finally"

    def test_version_rises_only_if_a_field_follows_the_source(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="Ours")
        before = only_article()
        bring(tmp_path, document(title="Theirs"))
        assert only_article().version == before.version
        assert only_article().changed_at == before.changed_at
        bring(tmp_path, document(title="Theirs", excerpt="New."))
        assert only_article().version == before.version + 1

    @pytest.mark.parametrize(
        ("name", "editors", "sources"),
        [
            ("title", "Ours", "Theirs"),
            ("excerpt", "Ours.", "Theirs."),
            ("category", "ours", "theirs"),
            ("quality", 65, 61),
        ],
    )
    def test_a_conflict_keeps_the_editors_value(
        self, tmp_path: Path, name: str, editors: object, sources: object
    ) -> None:
        bring(tmp_path, document())
        edit(only_article(), **{name: editors})
        report = bring(tmp_path, document(**{name: sources}))
        assert counts(report) == {"updated": 1, "conflicts": 1}
        assert getattr(only_article(), name) == editors
        conflict = ImportConflict.objects.get()
        assert (conflict.field, conflict.editor, conflict.source) == (name, editors, sources)
        assert conflict.before == getattr(document(), name)
        assert conflict.run == report.run
        (problem,) = report.of(ImportProblem.Kind.CONFLICT)
        assert problem.path.endswith("one.txt")
        assert name in problem.message

    def test_same_change_in_the_source_is_not_a_conflict(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="The same")
        report = bring(tmp_path, document(title="The same"))
        assert counts(report) == {"updated": 1}
        assert not ImportConflict.objects.exists()

    def test_a_second_change_of_the_source_updates_the_conflict(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="Ours")
        bring(tmp_path, document(title="Theirs"))
        bring(tmp_path, document(title="Theirs again"))
        conflict = ImportConflict.objects.get()
        assert (conflict.source, conflict.editor) == ("Theirs again", "Ours")

    def test_conflict_stays_open_when_the_source_follows(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), title="Ours")
        bring(tmp_path, document(title="Theirs"))
        report = bring(tmp_path, document(title="Theirs", excerpt="Only this is new."))
        assert counts(report) == {"updated": 1}
        assert ImportConflict.objects.get().source == "Theirs"


class TestListsAndLinks:
    def test_topics_follow_the_source_unless_edited(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        bring(tmp_path, document(topics=("Rivers", "Bridges")))
        assert of_article(only_article())["topics"] == ["rivers", "bridges"]

    def test_edited_topics_stay(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        article = only_article()
        article.topic_links.all().delete()
        article.topic_links.create(topic=Topic.objects.create(name="Roads"), position=0)
        report = bring(tmp_path, document(topics=("Rivers",)))
        assert counts(report)["conflicts"] == 1
        assert of_article(only_article())["topics"] == ["roads"]

    def test_images_follow_the_source_but_an_edited_credit_stays(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        other = DocumentImage("https://daily.example/other.jpg", 10, 10)
        bring(tmp_path, document(images=(other,)))
        image = only_article().images.get()
        assert (image.url, image.width) == (other.url, 10)
        image.attribution = "An editor's credit"
        image.save()
        report = bring(tmp_path, document(images=(replace(other, width=20),)))
        assert counts(report)["conflicts"] == 1
        assert only_article().images.get().attribution == "An editor's credit"

    def test_related_follow_the_source_in_its_order(self, tmp_path: Path) -> None:
        second = entry(title="Second", web_url="https://herald.example/second")
        bring(tmp_path, document(related=(entry(),)))
        bring(tmp_path, document(related=(second, entry())))
        assert of_article(only_article())["related"] == [second.key, entry().key]

    def test_edited_related_stay(self, tmp_path: Path) -> None:
        bring(tmp_path, document(related=(entry(),)))
        only_article().related_links.all().delete()
        other = entry(web_url="https://herald.example/other")
        report = bring(tmp_path, document(related=(entry(), other)))
        assert counts(report)["conflicts"] == 1
        assert not only_article().related_links.exists()

    def test_provider_follows_the_source_unless_edited(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        bring(tmp_path, document(provider=HERALD))
        assert only_article().provider.domain == HERALD.domain
        edit(only_article(), provider=Provider.objects.create(domain="own.example", name="Own"))
        report = bring(tmp_path, document(provider=DAILY))
        assert counts(report)["conflicts"] == 1
        assert only_article().provider.domain == "own.example"

    def test_a_renamed_provider_keeps_an_editors_name(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        Provider.objects.filter(domain=DAILY.domain).update(name="Our Daily")
        bring(tmp_path, document(provider=replace(DAILY, name="Daily News"), excerpt="New."))
        assert Provider.objects.get(domain=DAILY.domain).name == "Our Daily"

    def test_coverage_without_a_naming_document_is_deleted(self, tmp_path: Path) -> None:
        bring(tmp_path, document(related=(entry(),)))
        assert Article.objects.filter(coverage_only=True).exists()
        bring(tmp_path, document())
        assert not Article.objects.filter(coverage_only=True).exists()

    def test_coverage_shows_the_entry_of_the_latest_document(self, tmp_path: Path) -> None:
        bring(tmp_path, document(related=(entry(),)))
        bring(tmp_path, document(related=(entry(title="A better headline", quality=55),)))
        stub = Article.objects.get(coverage_only=True)
        assert (stub.title, stub.quality) == ("A better headline", 55)

    def test_links_stay_with_an_article_whose_address_changes(self, tmp_path: Path) -> None:
        put(tmp_path, "namer.txt", document(related=(entry(),)))
        bring(tmp_path, document(title="A bridge at last", web_url=entry().web_url), "named.txt")
        assert not Article.objects.filter(coverage_only=True).exists()
        moved = "https://herald.example/moved"
        bring(tmp_path, document(title="A bridge at last", web_url=moved), "named.txt")
        # The other document still has the old address, which leads to the article for good.
        assert Related.objects.get().target.url == moved
        for url in (moved, entry().url):
            report = bring(tmp_path, document(related=(entry(web_url=url),)), "namer.txt")
            assert report.conflicts == 0
            assert Related.objects.get().target.url == moved
        bring(tmp_path, document(title="Third", related=(entry(),)), "third.txt")
        assert {link.target.url for link in Related.objects.all()} == {moved}
        assert not Article.objects.filter(coverage_only=True).exists()


class TestTheScore:
    def test_heat_follows_the_source(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        bring(tmp_path, document(heat=80, published=True))
        article = only_article()
        assert (article.heat, article.published, article.heat_is_given) == (80, True, True)

    @pytest.mark.parametrize(
        "decision",
        [
            {"quality": 40},
            {"decision": "hold", "decision_reason": "to be checked"},
            {"decision": "publish", "published": True},
        ],
        ids=["scored", "held", "published"],
    )
    def test_score_stays_after_an_editor_scored_or_decided(
        self, tmp_path: Path, decision: dict[str, Any]
    ) -> None:
        bring(tmp_path, document())
        edit(only_article(), **decision)
        heat.recompute([only_article().pk])
        before = only_article()
        bring(tmp_path, document(heat=80, published=not before.published))
        after = only_article()
        assert (after.heat, after.published) == (before.heat, before.published)
        assert after.decision == before.decision

    def test_a_held_article_is_not_published_by_a_better_quality(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), decision="hold")
        bring(tmp_path, document(quality=90, heat=100, published=True))
        article = only_article()
        assert (article.quality, article.heat, article.published) == (90, 90, False)
        assert article.decision == "hold"

    def test_a_held_article_may_lose_its_quality(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        edit(only_article(), decision="hold")
        bring(tmp_path, document(quality=None, heat=None, published=None))
        assert (only_article().quality, only_article().heat) == (None, None)

    def test_quality_without_heat_gets_the_policys_heat(self, tmp_path: Path) -> None:
        unscored = document(heat=None, published=None, related=(entry(),))
        bring(tmp_path, unscored)
        assert (only_article().heat, only_article().published) == (70, True)
        bring(tmp_path, replace(unscored, quality=55))
        assert (only_article().heat, only_article().published) == (65, False)

    def test_better_coverage_supersedes_an_article_scored_by_policy(self, tmp_path: Path) -> None:
        bring(tmp_path, document(heat=None, published=None, related=(entry(),)))
        found = document(
            title="A bridge at last",
            web_url=entry().web_url,
            provider=HERALD,
            quality=80,
            heat=80,
            published=True,
        )
        bring(tmp_path, found, "other.txt")
        assert Article.objects.get(title="Bridge opens").heat == -1


class TestWhichArticleAFileIs:
    def test_a_renamed_title_keeps_the_slug(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        bring(tmp_path, document(title="Bridge closed"))
        article = only_article()
        assert (article.slug, article.title) == ("2024-05-01-bridge-opens", "Bridge closed")

    def test_a_file_moved_to_another_place_is_the_same_article(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        (tmp_path / "one.txt").unlink()
        assert counts(bring(tmp_path, document(), "two.txt")) == {"unchanged": 1}
        assert SourceDocument.objects.get().path == "two.txt"
        assert counts(bring(tmp_path, document(title="Changed"), "two.txt")) == {"updated": 1}

    def test_a_file_moved_and_changed_at_once_is_the_same_article(self, tmp_path: Path) -> None:
        bring(tmp_path, document())
        (tmp_path / "one.txt").unlink()
        report = bring(tmp_path, document(excerpt="New."), "moved/two.txt")
        assert counts(report) == {"updated": 1}

    def test_two_files_of_one_address_both_stay(self, tmp_path: Path) -> None:
        put(tmp_path, "a/one.txt", document())
        put(tmp_path, "b/one.txt", document(excerpt="In other words."))
        for roots in ([tmp_path], [tmp_path / "a", tmp_path / "b"]):
            with blank_newsroom():
                report = load(*roots)
                assert counts(report) == {"created": 2}
                (problem,) = report.of(ImportProblem.Kind.DUPLICATE)
                slugs = ["2024-05-01-bridge-opens", "2024-05-01-bridge-opens-2"]
                assert problem.details == {"url": document().url, "slugs": slugs}
                assert counts(load(*roots)) == {"unchanged": 2}

    def test_files_of_one_name_in_two_folders_are_two_articles(self, tmp_path: Path) -> None:
        put(tmp_path, "a/2024-05-01-x.md", document())
        put(tmp_path, "b/2024-05-01-x.md", document(web_url="https://daily.example/other"))
        assert counts(load(tmp_path / "a", tmp_path / "b")) == {"created": 2}
        assert counts(load(tmp_path / "a", tmp_path / "b")) == {"unchanged": 2}
        assert set(Article.objects.values_list("slug", flat=True)) == {
            "2024-05-01-x",
            "2024-05-01-x-2",
        }

    def test_deleted_file_keeps_its_article(self, tmp_path: Path) -> None:
        path = put(tmp_path, "one.txt", document())
        load(tmp_path)
        path.unlink()
        assert counts(load(tmp_path)) == {}
        assert Article.objects.count() == 1

    def test_document_of_an_article_made_by_hand_is_merged(self, tmp_path: Path) -> None:
        provider = Provider.objects.create(domain=DAILY.domain, name="Daily")
        one = document()
        made = Article.objects.create(
            slug="2024-05-01-bridge-opens",
            stem="2024-05-01-bridge-opens",
            title="By hand",
            web_url=one.url,
            published_at=one.published_at,
            provider=provider,
        )
        report = bring(tmp_path, one)
        assert report.updated == 1
        assert only_article() == made
        assert only_article().title == "By hand"
        assert ImportConflict.objects.filter(field="title").exists()


class TestState:
    def test_of_an_article_just_imported_is_its_documents(self, tmp_path: Path) -> None:
        one = document(related=(entry(),), topics=("Rivers", "rivers", "Bridges"))
        bring(tmp_path, one)
        assert of_article(only_article()) == of_document(one)
