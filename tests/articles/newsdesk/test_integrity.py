"""The integrity check distinguishes errors from notes, and finds everything that is broken."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles import importing, newsdesk
from articles.management.commands.check_newsroom import NAMED
from articles.models import (
    Article,
    ArticleTopic,
    Change,
    FormerSlug,
    ImportRun,
    PolicyVersion,
    Related,
    SourceDocument,
    WebHook,
)
from articles.newsdesk import integrity
from articles.sample_documents import generate, generate_catalog
from articles.scoring import Policy, top_rank
from providers.models import Provider
from tests.articles.documents.documents import CASES, CORPUS, HUB
from tests.articles.importing.worlds import SeedFile
from tests.articles.importing.worlds import put as put_files
from tests.articles.samples import SEEDS, document, entry, load, put
from tests.factories import NOW, make_article, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Article, Article]:
    """Return a published lead and the article it supersedes, linked both ways."""
    lead = document(quality=70, heat=80, published=True, related=(entry(),))
    other = document(
        title="A bridge at last",
        web_url=entry().web_url,
        quality=50,
        heat=-1,
        related=(entry(web_url=lead.web_url, title=lead.title, quality=70),),
    )
    put(tmp_path, "lead.txt", lead)
    put(tmp_path, "other.txt", other)
    load(tmp_path)
    return Article.objects.get(quality=70), Article.objects.get(quality=50)


def found() -> list[tuple[str, str]]:
    return [(finding.kind, finding.slug) for finding in integrity.findings()]


def check(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("check_newsroom", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def rank(article: Article, heat: int) -> float:
    return top_rank(heat, article.published_at)


def kinds() -> list[str]:
    return [finding.kind for finding in integrity.findings()]


def drop_triggers() -> None:
    """Drop the triggers of articles until the test's transaction ends."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE articles_article DISABLE TRIGGER USER")
            return
        found = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
        cursor.execute(found, ["articles_article"])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")


HUBS = (SEEDS, CORPUS, HUB, CASES)


class TestAFreshImport:
    @pytest.mark.once
    def test_of_generated_documents_has_no_errors(self, tmp_path: Path) -> None:
        files = (*generate(200, 3), *generate_catalog())
        put_files(tmp_path, [SeedFile(*file) for file in files])
        load(tmp_path)
        assert not [one for one in integrity.findings() if one.is_error]

    @pytest.mark.once
    @pytest.mark.parametrize("hub", HUBS, ids=lambda hub: hub.name)
    def test_of_a_real_hub_has_no_errors(self, hub: Path) -> None:
        if not hub.is_dir():
            pytest.skip("needs the hub: see NEWSROOM_CORPUS, NEWSROOM_HUB and NEWSROOM_CASES")
        importing.run([hub])
        assert not [one for one in integrity.findings() if one.is_error]

    def test_links_in_one_direction_are_fine(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document(heat=70, published=True, related=(entry(),)))
        other = document(title="Another", web_url=entry().web_url, quality=50, heat=50)
        put(tmp_path, "b.txt", other)
        load(tmp_path)
        assert not Related.objects.filter(article__quality=50).exists()
        assert found() == []


class TestErrors:
    def test_no_problems_in_a_sound_newsroom(self, pair: tuple[Article, Article]) -> None:
        assert found() == []

    def test_given_heat_without_a_document(self, pair: tuple[Article, Article]) -> None:
        SourceDocument.objects.filter(article=pair[0]).delete()
        assert found() == [("impossible state", pair[0].slug)]

    def test_link_with_a_document(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[1].pk).update(
            coverage_only=True, heat=None, heat_is_given=False
        )
        assert found() == [("impossible state", pair[1].slug)]

    def test_heat_is_stale_only_if_the_policy_applies(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(heat=90, top_rank=rank(pair[0], 90))
        assert found() == [("given score", pair[0].slug)]
        Article.objects.filter(pk=pair[0].pk).update(heat_is_given=False)
        assert found() == [("stale heat", pair[0].slug)]

    def test_policy_that_has_not_reached_all_articles(self, pair: tuple[Article, Article]) -> None:
        Article.objects.update(heat_is_given=False)
        version = newsdesk.apply_policy(Policy(70, 20, 50), by=None)
        assert found() == [("unfinished policy", "")]
        PolicyVersion.objects.update(applied_to=pair[0].pk)
        assert found() == [("unfinished policy", ""), ("stale heat", pair[0].slug)]
        PolicyVersion.objects.update(applied_to=None)
        newsdesk.continue_policy(version, seconds=60)
        assert found() == []

    def test_wrong_rank(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(top_rank=1)
        assert found() == [("wrong rank", pair[0].slug)]

    def test_topic_with_another_date(self, pair: tuple[Article, Article]) -> None:
        links = ArticleTopic.objects.filter(article=pair[0])
        links.update(published_at=F("published_at") + timedelta(days=1))
        assert found() == [("topic date", pair[0].slug)]

    def test_address_key_of_another_url(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(address_key="daily.example/other")
        assert found() == [("wrong address key", pair[0].slug)]

    def test_slug_that_another_article_had(self, pair: tuple[Article, Article]) -> None:
        one, other = pair
        FormerSlug.objects.remember({"before": (one.pk, one.address_key)})
        assert found() == []
        FormerSlug.objects.remember({one.slug: (other.pk, other.address_key)})
        assert found() == [("slug of two articles", one.slug)]
        FormerSlug.objects.remember({one.slug: (None, "daily.example/gone")})
        assert found() == [("slug of two articles", one.slug)]

    def test_slug_that_a_removed_article_got_back(self, pair: tuple[Article, Article]) -> None:
        FormerSlug.objects.remember({pair[0].slug: (None, pair[0].address_key)})
        assert found() == []

    def test_coverage_without_a_linking_article(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document(related=(entry(),)))
        load(tmp_path)
        Related.objects.all().delete()
        stub = Article.objects.get(coverage_only=True)
        assert found() == [("unnamed coverage", stub.slug)]

    def test_missing_triggers(self, pair: tuple[Article, Article]) -> None:
        drop_triggers()
        assert kinds() == ["silent triggers"] * 3
        pair[0].refresh_from_db()
        assert pair[0].title == "Bridge opens"

    def test_article_that_the_search_cannot_find(self, pair: tuple[Article, Article]) -> None:
        drop_triggers()
        Article.objects.filter(pk=pair[1].pk).update(filed_under=None)
        assert ("missing from search", pair[1].slug) in found()

    # On PostgreSQL the index is a generated column.
    @pytest.mark.once
    def test_article_that_is_not_in_the_index(self, pair: tuple[Article, Article]) -> None:
        drop_triggers()
        moved = pair[1].published_at + timedelta(days=1)
        Article.objects.filter(pk=pair[1].pk).update(published_at=moved)
        ArticleTopic.objects.filter(article=pair[1]).update(published_at=moved)
        broken = [one for one in found() if one[0] != "silent triggers"]
        assert broken == [("missing from search", pair[1].slug), ("leftover in search", "")]

    def test_article_that_is_filed_under_former_names(self, pair: tuple[Article, Article]) -> None:
        drop_triggers()
        Article.objects.filter(pk=pair[1].pk).update(filed_under="Herald")
        assert ("outdated in search", pair[1].slug) in found()

    def test_published_article_that_is_not_in_the_change_feed(
        self, pair: tuple[Article, Article]
    ) -> None:
        Change.objects.filter(slug=pair[0].slug).delete()
        assert found() == [("missing change", pair[0].slug)]

    def test_two_changes_with_one_number(self, pair: tuple[Article, Article]) -> None:
        change = Change.objects.get(slug=pair[0].slug)
        Change.objects.create(
            slug="another", sequence=change.sequence, shown=True, noted_at=change.noted_at
        )
        assert found() == [("repeated change", "")]

    def test_altered_document(self, pair: tuple[Article, Article]) -> None:
        SourceDocument.objects.filter(article=pair[0]).update(text="---\n---\n")
        assert found() == [("altered document", pair[0].slug)]

    def test_dangling_rows(
        self, pair: tuple[Article, Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails() -> None:
            raise IntegrityError("row 5 points nowhere")

        monkeypatch.setattr(connection, "check_constraints", fails)
        (finding,) = integrity.findings()
        assert finding.message.startswith("row 5 points nowhere. Restore")


class TestNotes:
    def test_two_leads_are_named_once(self, pair: tuple[Article, Article]) -> None:
        other = Article.objects.filter(pk=pair[1].pk)
        other.update(heat=75, published=True, top_rank=rank(pair[1], 75))
        assert found() == [("given score", pair[1].slug), ("two leads", pair[1].slug)]

    def test_superseded_without_a_published_lead(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(published=False)
        assert found() == [("given score", pair[0].slug), ("lead not published", pair[1].slug)]

    def test_providers_with_and_without_www(self, pair: tuple[Article, Article]) -> None:
        for domain in ("www.daily.example", "www.alone.example", "wwwdaily.example"):
            Provider.objects.create(domain=domain, name="Daily")
        (note,) = integrity.findings()
        assert (note.kind, note.is_error) == ("provider twice", False)
        assert note.fact == "www.daily.example and daily.example are one provider"
        provider = Provider.objects.get(domain="www.daily.example")
        assert note.admin_url == reverse("admin:providers_provider_change", args=[provider.pk])

    def test_last_import_was_killed(self) -> None:
        killed = make_run(state=ImportRun.State.KILLED, created=1200)
        (finding,) = integrity.findings()
        assert finding.kind == "killed import"
        assert "1,200 new" in finding.message
        assert finding.admin_url.endswith(f"/importrun/{killed.pk}/change/")
        make_run(started_at=NOW + timedelta(hours=1))
        assert found() == []


class TestFinding:
    def test_leads_to_the_article(
        self, pair: tuple[Article, Article], admin_client: Client
    ) -> None:
        Article.objects.filter(pk=pair[0].pk).update(top_rank=1)
        (finding,) = integrity.findings()
        assert admin_client.get(finding.admin_url).status_code == 200
        assert finding.admin_url.endswith(f"/{pair[0].pk}/change/")

    def test_every_kind_says_what_to_do(self) -> None:
        assert not integrity.ERRORS.keys() & integrity.NOTES.keys()
        for advice in (*integrity.ERRORS.values(), *integrity.NOTES.values()):
            assert advice.endswith((".", "?"))


class TestTheCommand:
    def test_exits_with_0_without_problems(self, pair: tuple[Article, Article]) -> None:
        assert check() == (0, "0 errors, 0 notes\n")
        status, out = check("--format", "json")
        assert (status, json.loads(out)) == (0, {"errors": [], "notes": []})

    def test_exits_with_0_if_there_are_only_notes(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(published=False)
        status, out = check("--format", "json")
        report = json.loads(out)
        assert (status, report["errors"]) == (0, [])
        assert [one["kind"] for one in report["notes"]] == ["given score", "lead not published"]

    def test_exits_with_1_and_prints_errors_before_notes(
        self, pair: tuple[Article, Article]
    ) -> None:
        Article.objects.filter(pk=pair[0].pk).update(published=False)
        Related.objects.all().delete()
        Article.objects.filter(pk=pair[1].pk).update(heat_is_given=False)
        status, out = check()
        assert status == 1
        lines = out.splitlines()
        assert lines[0] == "error: stale heat (1). Run manage.py rescore."
        address = reverse("admin:articles_article_change", args=[pair[1].pk])
        assert lines[1].startswith(
            f"  {pair[1].slug} has heat -1, not published; the policy gives 50"
        )
        assert lines[1].endswith(f"({address})")
        assert lines[2].startswith("note: given score (1). Run")
        assert lines[-1] == "1 error, 2 notes"

    def test_json_has_the_keys_of_the_design(self, pair: tuple[Article, Article]) -> None:
        Article.objects.filter(pk=pair[0].pk).update(top_rank=1)
        (error,) = json.loads(check("--format", "json")[1])["errors"]
        assert list(error) == ["kind", "slug", "message", "admin_url"]
        assert (error["kind"], error["slug"]) == ("wrong rank", pair[0].slug)
        assert error["message"].endswith("Open the article and score it again.")

    def test_names_the_first_of_many(self) -> None:
        for number in range(NAMED + 2):
            make_article(top_rank=number)
        _, out = check()
        assert f"error: wrong rank ({NAMED + 2})." in out
        assert out.count("has the rank") == NAMED
        assert "  and 2 more\n" in out
        assert len(json.loads(check("--format", "json")[1])["errors"]) == NAMED + 2


class TestStuckHooks:
    def test_events_that_nobody_sends(self) -> None:
        hook = WebHook.objects.create(name="A mirror", url="https://mirror.example/")
        resting = WebHook.objects.create(
            name="B", url=hook.url, rests_until=timezone.now() + timedelta(hours=1)
        )
        for minutes in (59, 61, 62):
            at = timezone.now() - timedelta(minutes=minutes)
            for one in (hook, resting):
                one.deliveries.create(event="updated", slug=str(minutes), body="{}", next_try_at=at)
        (finding,) = integrity.findings()
        assert finding.kind == "stuck web hook"
        assert finding.message.startswith("A mirror: 2 events overdue by an hour")
