"""Which article a document belongs to, and which article a related entry means."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from articles import importing, newsdesk
from articles.documents import ArticleDocument, DocumentProvider, address_key
from articles.importing import uploads
from articles.models import Article, FormerAddress, ImportProblem, Related, Upload
from articles.roles import Role
from providers.models import Provider
from tests.articles.api.desk import by_token
from tests.articles.importing.queueing import work_through
from tests.articles.importing.worlds import blank_newsroom
from tests.articles.samples import (
    DAILY,
    HERALD,
    NOON,
    counts,
    document,
    entry,
    load,
    only_article,
    put,
)
from tests.factories import make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
BRIDGE = "2024-05-01-bridge-opens"
SPELLINGS = (
    "https://www.daily.example/bridge",
    "http://daily.example/bridge",
    "https://WWW.Daily.example/bridge",
    "https://daily.example:443/bridge",
    "https://daily.example/bridge/",
    "https://daily.example/bridge/amp/",
    "https://daily.example/bridge#comments",
    "https://daily.example/bridge?utm_source=rss&utm_medium=feed",
    "https://daily.example/bridge?fbclid=abc",
    "https://daily.example/%62ridge",
)
TRACKED = "https://www.daily.example/bridge?utm_source=newsletter"
OTHER_URL = "https://daily.example/opening-of-the-bridge"


def groups(report: importing.Report) -> list[Any]:
    """Return the groups of duplicates in a report."""
    return [problem.details for problem in report.of(ImportProblem.Kind.DUPLICATE)]


def url_of(slug: str) -> str:
    url: str = Article.objects.get(slug=slug).url
    return url


def namer(**overrides: Any) -> ArticleDocument:
    """Make a document of another page, which links to the bridge's page by another spelling."""
    listed = entry(web_url=TRACKED, provider=DAILY)
    values = {"title": "Namer", "web_url": "https://herald.example/n", "provider": HERALD}
    return document(**values | {"related": (listed,)} | overrides)


def linked() -> dict[str, str]:
    """Return the URL that each article links to, by its own URL."""
    return dict(Related.objects.values_list("article__url", "target__url"))


class TestOneAddress:
    @pytest.mark.parametrize("size", [1, 3, 100])
    def test_spellings_are_one_group(self, tmp_path: Path, size: int) -> None:
        for number, url in enumerate(SPELLINGS):
            at = NOON + number * HOUR
            put(tmp_path, f"{number}.md", document(web_url=url, published_at=at))
        put(tmp_path, "other.md", document(title="Other", web_url=OTHER_URL))
        report = load(tmp_path, batch_size=size)
        slugs = sorted([BRIDGE, *(f"{BRIDGE}-{number}" for number in range(2, 11))])
        assert counts(report) == {"created": 11}
        assert groups(report) == [{"url": SPELLINGS[0], "slugs": slugs}]
        assert report.as_json()["duplicates"] == groups(report)
        assert f"possible duplicate: {', '.join(slugs)}: one address" in report.as_text()
        assert sorted(Article.objects.values_list("url", flat=True)) == sorted(
            [*SPELLINGS, OTHER_URL]
        )
        assert groups(load(tmp_path, batch_size=size)) == []

    def test_a_new_article_is_reported_with_the_stored_one(self, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document())
        assert groups(load(tmp_path)) == []
        put(tmp_path, "two.md", document(web_url=TRACKED, published_at=NOON - HOUR))
        report = load(tmp_path)
        assert groups(report) == [{"url": TRACKED, "slugs": [BRIDGE, f"{BRIDGE}-2"]}]

    def test_www_does_not_make_a_second_provider(self, tmp_path: Path) -> None:
        www = DocumentProvider("The Daily", "WWW.Daily.example")
        put(tmp_path, "one.md", document())
        put(tmp_path, "two.md", document(web_url=OTHER_URL, provider=www))
        put(tmp_path, "namer.md", namer(provider=www, related=(entry(provider=www),)))
        put(tmp_path, "_data/organizations/daily.md", document())
        (tmp_path / "_data/organizations/daily.md").write_text(
            "---\nname: The Daily\ndomain: www.daily.example\n---\n"
        )
        load(tmp_path)
        assert list(Provider.objects.values_list("domain", flat=True)) == ["daily.example"]

    @pytest.mark.parametrize("size", [1, 100])
    @pytest.mark.parametrize("name", ["a.md", "z.md"])
    def test_a_related_entry_finds_its_article(self, tmp_path: Path, name: str, size: int) -> None:
        put(tmp_path, name, namer())
        put(tmp_path, "bridge.md", document())
        load(tmp_path, batch_size=size)
        assert linked() == {namer().url: document().url}
        assert not Article.objects.filter(coverage_only=True).exists()

    def test_a_document_fills_in_a_coverage_only_article(self, tmp_path: Path) -> None:
        put(tmp_path, "namer.md", namer())
        assert counts(load(tmp_path)) == {"created": 1, "stubs": 1}
        stub = Article.objects.get(coverage_only=True)
        put(tmp_path, "bridge.md", document())
        load(tmp_path)
        stub.refresh_from_db()
        assert (stub.slug, stub.url, stub.coverage_only) == (BRIDGE, document().url, False)
        assert linked() == {namer().url: document().url}

    def test_entries_in_two_spellings_are_one_link(self, tmp_path: Path) -> None:
        spelled = [entry(web_url=url, provider=DAILY) for url in SPELLINGS]
        put(tmp_path, "namer.md", namer(related=tuple(spelled)))
        assert counts(load(tmp_path)) == {"created": 1, "stubs": 1}
        assert Related.objects.count() == 1
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 1}


class TestSameFile:
    def test_with_another_spelling(self, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document())
        load(tmp_path)
        put(tmp_path, "one.md", document(web_url=SPELLINGS[5], excerpt="New."))
        assert counts(load(tmp_path)) == {"updated": 1}
        article = only_article()
        assert (article.url, article.excerpt) == (SPELLINGS[5], "New.")
        assert not FormerAddress.objects.exists()

    def test_with_another_address_of_its_provider(self, tmp_path: Path, client: Client) -> None:
        put(tmp_path, "one.md", document())
        put(tmp_path, "namer.md", namer())
        load(tmp_path)
        before = Article.objects.get(slug=BRIDGE).pk
        put(tmp_path, "one.md", document(web_url=OTHER_URL))
        assert counts(load(tmp_path)) == {"updated": 1, "unchanged": 1}
        article = Article.objects.get(slug=BRIDGE)
        assert (article.pk, article.url) == (before, OTHER_URL)
        kept = FormerAddress.objects.values_list("article", "address_key")
        assert list(kept) == [(before, address_key(document().url))]
        # The old address still leads to it, in any spelling.
        assert linked() == {namer().url: OTHER_URL}
        listed = entry(web_url=SPELLINGS[0], provider=DAILY)
        late = namer(title="Late", web_url="https://herald.example/late", related=(listed,))
        put(tmp_path, "late.md", late)
        assert counts(load(tmp_path)) == {"created": 1, "unchanged": 2}
        assert linked() == dict.fromkeys([namer().url, late.url], OTHER_URL)
        for url in (document().url, *SPELLINGS, OTHER_URL, f"{OTHER_URL}?utm_source=x"):
            assert list(Article.objects.search(url)) == [article], url

    def test_the_old_address_is_found_by_staff(self, tmp_path: Path, client: Client) -> None:
        put(tmp_path, "one.md", document())
        load(tmp_path)
        put(tmp_path, "one.md", document(web_url=OTHER_URL))
        load(tmp_path)
        client.force_login(make_user(Role.EDITOR))
        page = client.get("/admin/articles/article/", {"q": SPELLINGS[7]})
        assert [one.slug for one in page.context["cl"].result_list] == [BRIDGE]
        program = by_token(make_user(Role.EDITOR))
        answer = program.get("/api/v1/newsdesk/news/", {"q": SPELLINGS[7]})
        assert [one["slug"] for one in answer.json()["value"]] == [BRIDGE]

    def test_with_its_first_address_again(self, tmp_path: Path) -> None:
        for url in (document().url, OTHER_URL, document().url):
            put(tmp_path, "one.md", document(web_url=url))
            load(tmp_path)
        assert only_article().url == document().url
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 1}

    def test_with_another_address_and_provider_is_new(self, tmp_path: Path) -> None:
        put(tmp_path, "one.md", document(title="Bridge opens", excerpt="First."))
        load(tmp_path)
        other = document(web_url="https://herald.example/b", provider=HERALD, excerpt="Second.")
        put(tmp_path, "one.md", other)
        report = load(tmp_path)
        assert counts(report) == {"created": 1}
        (numbered,) = report.of(ImportProblem.Kind.SLUG)
        assert numbered.details["slug"] == f"{BRIDGE}-2"
        texts = dict(Article.objects.values_list("slug", "excerpt"))
        assert texts == {BRIDGE: "First.", f"{BRIDGE}-2": "Second."}
        assert url_of(BRIDGE) == document().url
        for skip in (True, False):
            assert counts(load(tmp_path, skip=skip)) == {"unchanged": 1}
        put(tmp_path, "one.md", document(web_url=other.url, provider=HERALD))
        assert counts(load(tmp_path)) == {"updated": 1}
        assert Article.objects.get(slug=BRIDGE).excerpt == "First."

    def test_two_that_swap_their_names_keep_their_addresses(self, tmp_path: Path) -> None:
        files = {"one.md": document(), "two.md": document(web_url=OTHER_URL)}
        for name, one in files.items():
            put(tmp_path, name, one)
        load(tmp_path)
        ids = dict(Article.objects.values_list("address_key", "pk"))
        put(tmp_path, "one.md", files["two.md"])
        put(tmp_path, "two.md", files["one.md"])
        assert counts(load(tmp_path)) == {"unchanged": 2}
        assert dict(Article.objects.values_list("address_key", "pk")) == ids
        assert Article.objects.get(pk=ids[files["two.md"].key]).source_document.path == "one.md"
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 2}

    def test_in_the_editors_form(self, tmp_path: Path, client: Client) -> None:
        """An address that an editor corrects leads to the article as well."""
        put(tmp_path, "one.md", document())
        load(tmp_path)
        newsdesk.perform(_readdress(only_article(), OTHER_URL), by=None)
        article = only_article()
        for url in (document().url, OTHER_URL):
            assert list(Article.objects.search(url)) == [article]


def _readdress(article: Article, url: str) -> newsdesk.Change:
    values = {article.pk: {"web_url": url}}
    return newsdesk.Change(
        newsdesk.Verb.EDIT, frozenset(), {article.pk: article.version}, columns=values
    )


class TestRetitled:
    NEW = "2024-05-01-bridge-opened.md"
    OLD = f"{BRIDGE}.md"

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with an article whose file was renamed after the last import."""
        folder = tmp_path / "news"
        put(folder, self.OLD, document())
        put(folder, "2024-05-01-namer.md", namer())
        load(folder)
        (folder / self.OLD).unlink()
        put(folder, self.NEW, document(title="Bridge opened", web_url=TRACKED))
        return folder

    def test_is_the_same_article(self, folder: Path) -> None:
        before = Article.objects.get(slug=BRIDGE).pk
        report = load(folder)
        assert counts(report) == {"updated": 1, "unchanged": 1, "retitled": 1}
        assert report.as_json()["retitled"] == 1
        (told,) = report.of(ImportProblem.Kind.RETITLED)
        assert told.details == {"slug": "2024-05-01-bridge-opened", "former": BRIDGE}
        article = Article.objects.get(pk=before)
        assert (article.slug, article.title) == ("2024-05-01-bridge-opened", "Bridge opened")
        assert Article.objects.count() == 2
        assert groups(report) == []
        assert linked() == {namer().url: TRACKED}
        assert counts(load(folder, skip=False)) == {"unchanged": 2}

    def test_with_the_same_text(self, folder: Path) -> None:
        put(folder, self.NEW, document())
        assert counts(load(folder)) == {"updated": 1, "unchanged": 1, "retitled": 1}
        assert url_of("2024-05-01-bridge-opened") == document().url

    def test_not_with_a_file_named_by_hand(self, folder: Path) -> None:
        report = load(folder / self.NEW)
        assert counts(report) == {"created": 1}
        assert groups(report) == [{"url": TRACKED, "slugs": ["2024-05-01-bridge-opened", BRIDGE]}]

    def test_not_with_an_upload(self, folder: Path, tmp_path: Path, settings: Any) -> None:
        storage = settings.STORAGES["uploads"] | {"OPTIONS": {"location": str(tmp_path / "up")}}
        settings.STORAGES = settings.STORAGES | {"uploads": storage}
        sent = SimpleUploadedFile(self.NEW, (folder / self.NEW).read_bytes())
        user = make_user(Role.OPERATOR)
        upload = uploads.receive([sent], by=user, is_dry_run=False)
        work_through()
        run = Upload.objects.get(pk=upload.pk).run
        assert run is not None
        assert (run.created, run.retitled) == (1, 0)
        assert Article.objects.filter(slug=BRIDGE).exists()

    def test_not_while_its_own_file_exists(self, folder: Path) -> None:
        put(folder, self.OLD, document())
        report = load(folder)
        assert counts(report) == {"created": 1, "unchanged": 2}
        assert groups(report) == [{"url": TRACKED, "slugs": ["2024-05-01-bridge-opened", BRIDGE]}]

    def test_a_dry_run_says_so_and_writes_nothing(self, folder: Path) -> None:
        assert counts(load(folder, dry_run=True)) == {"updated": 1, "unchanged": 1, "retitled": 1}
        assert Article.objects.filter(slug=BRIDGE).exists()
        assert counts(load(folder)) == {"updated": 1, "unchanged": 1, "retitled": 1}


class TestTwoFolders:
    """The folder of another newsroom is not a later version of the first."""

    def import_both(self, folder: Path, other: Path) -> importing.Report:
        put(folder, f"{BRIDGE}.md", document())
        put(folder, "2024-05-01-own.md", document(title="Own", web_url=OTHER_URL))
        load(folder)
        put(other, "2024-05-01-bridge-opened.md", document(title="Bridge opened"))
        return load(other)

    def test_of_another_newsroom_that_is_still_there(self, tmp_path: Path) -> None:
        report = self.import_both(tmp_path / "ours", tmp_path / "theirs")
        assert counts(report) == {"created": 1}
        slugs = ["2024-05-01-bridge-opened", BRIDGE]
        assert groups(report) == [{"url": document().url, "slugs": slugs}]
        for folder in ("ours", "theirs"):
            report = load(tmp_path / folder)
            assert (report.created, report.updated) == (0, 0)

    def test_of_an_older_version_of_the_same_folder(self, tmp_path: Path) -> None:
        own = document(title="Own", web_url=OTHER_URL)
        put(tmp_path / "later", "2024-05-01-own.md", own)
        report = self.import_both(tmp_path / "earlier", tmp_path / "later")
        assert counts(report) == {"updated": 1, "unchanged": 1, "retitled": 1}


class TestPairs:
    """Hubs publish two documents with the same address, and each lists the address as related."""

    FIRST = document(related=(entry(web_url=SPELLINGS[0], provider=DAILY),))
    SECOND = document(
        title="Bridge opens at last",
        published_at=NOON + HOUR,
        web_url=SPELLINGS[4],
        related=(entry(web_url=SPELLINGS[7], provider=DAILY),),
    )
    BOTH = frozenset([(FIRST.url, SECOND.url), (SECOND.url, FIRST.url)])

    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("runs", [1, 2])
    @pytest.mark.parametrize("size", [1, 100])
    def test_link_to_each_other(self, tmp_path: Path, is_first: bool, runs: int, size: int) -> None:
        files = [("a.md", self.FIRST), ("b.md", self.SECOND)]
        for number, (name, one) in enumerate(files if is_first else files[::-1], 1):
            put(tmp_path, name, one)
            if number >= 3 - runs:
                load(tmp_path, batch_size=size)
        links = Related.objects.values_list("article__url", "target__url")
        assert frozenset(links) == self.BOTH
        assert len(links) == 2
        assert counts(load(tmp_path, skip=False)) == {"unchanged": 2}

    def test_alone_has_no_links(self, tmp_path: Path) -> None:
        put(tmp_path, "a.md", self.FIRST)
        assert counts(load(tmp_path)) == {"created": 1}
        assert linked() == {}

    def test_a_related_entry_means_the_earliest(self, tmp_path: Path) -> None:
        for order in ((self.FIRST, self.SECOND), (self.SECOND, self.FIRST)):
            with blank_newsroom():
                put(tmp_path, "namer.md", namer())
                for number, one in enumerate(order):
                    put(tmp_path, f"{number}.md", one)
                    load(tmp_path)
                assert linked()[namer().url] == self.FIRST.url
                for path in tmp_path.iterdir():
                    path.unlink()
