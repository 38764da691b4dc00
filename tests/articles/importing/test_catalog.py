"""Changes in catalog files (``_data``)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from articles.documents import DocumentProvider
from articles.importing import run
from articles.importing.export import documents_of
from articles.models import Article, Topic
from providers.models import FormerDomain, Provider
from tests.articles.samples import document, load, put

pytestmark = pytest.mark.django_db


def write_catalog(folder: Path, name: str, logo: str) -> None:
    """Write the Daily's provider file."""
    path = folder / "_data" / "organizations" / "daily.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    images = f"images:\n  - url: {logo}\n" if logo else ""
    path.write_text(f"---\nname: {name}\ndomain: daily.example\n{images}---\n")


def provider() -> tuple[str, list[str]]:
    """Return the Daily's name and the URLs of its logos."""
    daily = Provider.objects.get(domain="daily.example")
    return daily.name, [logo["url"] for logo in daily.logos]


class TestProviderFile:
    def test_a_newer_one_renames_the_provider_and_changes_its_logo(self, tmp_path: Path) -> None:
        put(tmp_path, "a.txt", document())
        write_catalog(tmp_path, "First name", "https://logos.example/one.png")
        load(tmp_path)
        assert provider() == ("First name", ["https://logos.example/one.png"])
        write_catalog(tmp_path, "Second name", "https://logos.example/two.png")
        load(tmp_path)
        assert provider() == ("Second name", ["https://logos.example/two.png"])

    def test_a_newer_one_may_have_a_local_logo(self, tmp_path: Path) -> None:
        write_catalog(tmp_path, "Daily", "https://logos.example/one.png")
        run([tmp_path])
        write_catalog(tmp_path, "Daily", "/logos/two.png")
        run([tmp_path])
        assert provider() == ("Daily", ["/logos/two.png"])

    def test_an_editors_name_stays(self, tmp_path: Path) -> None:
        write_catalog(tmp_path, "First name", "")
        run([tmp_path])
        Provider.objects.update(name="Editor's name")
        write_catalog(tmp_path, "Second name", "")
        run([tmp_path])
        assert provider()[0] == "Editor's name"


def write_topic(folder: Path, name: str, slug: str, file: str = "one.yaml") -> None:
    path = folder / "_data" / "topics" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"_id: {slug}\nname: {name}\n" if slug else f"name: {name}\n")


def write_provider(folder: Path, domain: str, name: str = "Daily", file: str = "daily.md") -> None:
    path = folder / "_data" / "organizations" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\nname: {name}\ndomain: {domain}\n---\n")


def slugs() -> dict[str, str]:
    return dict(Topic.objects.values_list("name", "slug"))


class TestTopicsId:
    def test_another_one_changes_the_slug_and_redirects(
        self, client: Client, tmp_path: Path
    ) -> None:
        write_topic(tmp_path, "Bridges", "bridges")
        put(tmp_path, "a.md", document(quality=90, heat=90, published=True))
        load(tmp_path)
        write_topic(tmp_path, "Bridges", "spans")
        assert load(tmp_path).unchanged == 1
        assert slugs() == {"Bridges": "spans"}
        assert client.get("/topics/bridges/")["Location"] == "/topics/spans/"
        load(tmp_path)
        assert slugs() == {"Bridges": "spans"}

    def test_a_former_one_is_not_assigned_again(self, tmp_path: Path) -> None:
        for said, given in (("a", "a"), ("b", "b"), ("a", "b"), ("c", "c")):
            write_topic(tmp_path, "Bridges", said)
            for _ in range(2):
                load(tmp_path)
                assert slugs() == {"Bridges": given}

    def test_a_newcomer_takes_a_free_slug(self, tmp_path: Path) -> None:
        write_topic(tmp_path, "Artificial Intelligence", "ai")
        put(tmp_path, "a.md", document(topics=("AI", "AI 2", "AI topic")))
        load(tmp_path)
        found = slugs()
        assert len(set(found.values())) == len(found) == 4
        assert found["Artificial Intelligence"] == "ai"
        assert (found["AI 2"], found["AI topic"]) == ("ai-2", "ai-topic")

    def test_a_newcomer_in_another_script_takes_a_free_slug(self, tmp_path: Path) -> None:
        write_topic(tmp_path, "人工智能", "机器")
        put(tmp_path, "a.md", document(topics=("机器", "机器 2", "Машина")))
        load(tmp_path)
        assert slugs() == {
            "人工智能": "机器",
            "机器": "机器-3",
            "机器 2": "机器-2",
            "Машина": "машина",
        }

    def test_a_file_without_one_takes_a_free_slug(self, tmp_path: Path) -> None:
        write_topic(tmp_path, "Artificial Intelligence", "ai")
        write_topic(tmp_path, "AI", "", "two.yaml")
        for _ in range(2):
            report = load(tmp_path)
            assert slugs() == {"Artificial Intelligence": "ai", "AI": "ai-2"}
            assert report.problems == []

    def test_a_former_slug_does_not_pass_to_a_newcomer(self, tmp_path: Path) -> None:
        write_topic(tmp_path, "Bridges", "ai")
        load(tmp_path)
        write_topic(tmp_path, "Bridges", "spans")
        put(tmp_path, "a.md", document(topics=("AI",)))
        load(tmp_path)
        assert slugs() == {"Bridges": "spans", "AI": "ai-2"}

    @pytest.mark.parametrize("is_stored", [False, True])
    def test_a_file_cannot_take_a_slug_that_leads_to_another_topic(
        self, tmp_path: Path, is_stored: bool
    ) -> None:
        named = ("AI", "Artificial Intelligence") if is_stored else ("AI",)
        put(tmp_path, "a.md", document(topics=named))
        load(tmp_path)
        write_topic(tmp_path, "Artificial Intelligence", "ai")
        kept = "artificial-intelligence" if is_stored else "ai-2"
        for _ in range(2):
            report = load(tmp_path)
            assert slugs() == {"AI": "ai", "Artificial Intelligence": kept}
            (problem,) = report.problems
            assert f"this one keeps {kept}" in problem.message


class TestProvidersDomain:
    def test_another_one_redirects_and_old_documents_still_name_it(
        self, client: Client, tmp_path: Path
    ) -> None:
        write_provider(tmp_path, "daily.example")
        path = put(tmp_path, "a.md", document(quality=90, heat=90, published=True))
        before = path.read_bytes()
        load(tmp_path)
        write_provider(tmp_path, "daily-news.example")
        put(tmp_path, "b.md", document(title="Other", web_url="https://daily.example/other"))
        put(
            tmp_path,
            "c.md",
            document(
                title="New",
                web_url="https://daily-news.example/new",
                provider=DocumentProvider("Daily", "daily-news.example"),
            ),
        )
        for _ in range(2):
            load(tmp_path)
            (daily,) = Provider.objects.all()
            assert (daily.domain, daily.articles.count()) == ("daily-news.example", 3)
        moved = client.get("/providers/daily.example/")
        assert (moved.status_code, moved["Location"]) == (301, "/providers/daily-news.example/")
        first = Article.objects.filter(source_document__path="a.md")
        assert [data for _, data, _ in documents_of(first)] == [before]

    def test_a_former_one_is_not_assigned_again(self, tmp_path: Path) -> None:
        for said, given in (("a", "a"), ("b", "b"), ("a", "b"), ("c", "c")):
            write_provider(tmp_path, f"{said}.example")
            for _ in range(2):
                load(tmp_path)
                assert [one.domain for one in Provider.objects.all()] == [f"{given}.example"]

    def test_with_another_name_is_another_provider(self, tmp_path: Path) -> None:
        write_provider(tmp_path, "a.example")
        load(tmp_path)
        write_provider(tmp_path, "b.example", name="Herald")
        load(tmp_path)
        assert {one.domain for one in Provider.objects.all()} == {"a.example", "b.example"}

    def test_of_another_file_is_another_provider(self, tmp_path: Path) -> None:
        write_provider(tmp_path, "a.example")
        write_provider(tmp_path, "b.example", file="other.md")
        load(tmp_path)
        assert {one.domain for one in Provider.objects.all()} == {"a.example", "b.example"}

    def test_an_editors_domain_stays(self, tmp_path: Path) -> None:
        write_provider(tmp_path, "a.example")
        load(tmp_path)
        provider = Provider.objects.get()
        provider.domain = "editors.example"
        provider.save()
        for domain in ("a.example", "b.example", "c.example"):
            write_provider(tmp_path, domain)
            load(tmp_path)
            assert Provider.objects.get().domain == "editors.example"
        former = FormerDomain.objects.values_list("domain", flat=True)
        assert set(former) == {"a.example", "b.example", "c.example"}


class TestUnchangedFiles:
    def test_cost_two_queries(self, tmp_path: Path) -> None:
        for number in range(5):
            write_topic(tmp_path, f"Topic {number}", f"topic-{number}", f"{number}.yaml")
            write_provider(tmp_path, f"daily-{number}.example", file=f"{number}.md")
        spent = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                load(tmp_path)
            spent.append([one["sql"] for one in queries if '."source"' in one["sql"]])
        assert len(spent[1]) == 2 < len(spent[0])

    def test_are_free_after_their_topic_is_deleted(self, tmp_path: Path) -> None:
        write_topic(tmp_path, "Zebras", "zebras")
        load(tmp_path)
        Topic.objects.all().delete()
        load(tmp_path)
        assert slugs() == {"Zebras": "zebras"}

    def test_a_file_that_changes_back_is_used_again(self, tmp_path: Path) -> None:
        for name in ("zebras", "okapis", "zebras"):
            write_provider(tmp_path, "daily.example", name)
            load(tmp_path)
        assert Provider.objects.get().name == "zebras"
