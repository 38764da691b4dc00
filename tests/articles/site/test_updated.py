"""``updated`` of feeds, sitemaps and structured data changes only if readers see a change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from articles import heat
from articles.models import Article, ArticleTopic, Image, Related, StoredImage, Topic
from providers.models import Provider
from tests.articles.samples import document, entry, load, put
from tests.factories import (
    NOW,
    forget_changes,
    make_article,
    make_provider,
    make_stored_image,
    make_topic,
    relate,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def told(client: Client, slug: str = "lead") -> dict[str, datetime]:
    """Return when an article was updated, according to every feed, sitemap and page."""

    def found(pattern: str, address: str) -> datetime:
        text = client.get(address).content.decode()
        match = re.search(pattern, text, re.DOTALL)
        assert match, address
        return datetime.fromisoformat(match[1])

    path = f"/news/{slug}/"
    number = Article.objects.get(slug=slug).pk // 10_000
    page = client.get(path).content.decode()
    described = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert described
    data = json.loads(described[1])
    items = client.get("/feed.json").json()["items"]
    in_json = next(item for item in items if item["url"].endswith(path))
    return {
        "Atom": _atom(client, "/feed.atom", path),
        "its story's Atom": _atom(client, f"{path}feed.atom", path),
        "JSON Feed": datetime.fromisoformat(in_json["date_modified"]),
        "sitemap": found(rf"{path}</loc><lastmod>([^<]*)", f"/sitemaps/news-{number}.xml"),
        "page": datetime.fromisoformat(data["dateModified"]),
        "original": datetime.fromisoformat(data["mainEntity"]["dateModified"]),
        "card": found(r'modified_time"\s+content="([^"]*)', path),
    }


def _atom(client: Client, address: str, path: str) -> datetime:
    text = client.get(address).content.decode()
    entries = re.findall(r"<entry>.*?</entry>", text, re.DOTALL)
    (one,) = (entry for entry in entries if f"{path}</id>" in entry or f'{path}"' in entry)
    match = re.search(r"<updated>([^<]*)", one)
    assert match
    return datetime.fromisoformat(match[1])


@pytest.fixture
def story() -> dict[str, Article]:
    topic = make_topic("Zebras")
    lead = make_article(slug="lead", published_at=NOW, topics=(topic,), provider=make_provider())
    arrived: dict[str, Any] = {"created_at": NOW, "changed_at": NOW, "published_at": NOW + HOUR}
    report = make_article(slug="report", coverage_only=True, **arrived)
    held = make_article(slug="held", decision="hold", published_at=NOW)
    relate(lead, report, held)
    stored = make_stored_image(digest="0" * 64)
    Image.objects.create(article=lead, position=0, url="https://a.example/1.jpg", stored=stored)
    forget_changes(lead)
    return {"lead": lead, "report": report, "held": held}


def update(slug: str, /, **values: Any) -> Callable[[], object]:
    return lambda: Article.objects.filter(slug=slug).update(**values)


def of_lead(rows: Any) -> Any:
    return rows.filter(article__slug="lead")


def link_to(**values: Any) -> Callable[[], object]:
    return lambda: relate(Article.objects.get(slug="lead"), make_article(**values))


SEEN: dict[str, Callable[[], object]] = {
    "headline": update("lead", title="Other"),
    "excerpt": update("lead", excerpt="Other"),
    "body": update("lead", body="Other"),
    "player": update("lead", featured_content="<iframe src='https://v.example/1'></iframe>"),
    "URL of the original": update("lead", web_url="https://a.example/other"),
    "time": update("lead", published_at=NOW - HOUR),
    "provider": lambda: Article.objects.filter(slug="lead").update(provider=make_provider()),
    "name of the provider": lambda: Provider.objects.update(name="Other"),
    "name of a topic": lambda: Topic.objects.update(name="Other"),
    "another topic": lambda: ArticleTopic.objects.create(
        article=Article.objects.get(slug="lead"), topic=make_topic(), position=1
    ),
    "no topic": lambda: of_lead(ArticleTopic.objects).delete(),
    "caption": lambda: of_lead(Image.objects).update(title="Other"),
    "no image": lambda: of_lead(Image.objects).delete(),
    "image is stored": lambda: of_lead(Image.objects).update(stored=make_stored_image()),
    "focal point": lambda: StoredImage.objects.update(focal_x=10),
    "more coverage": link_to(coverage_only=True),
    "less coverage": lambda: Related.objects.filter(target__slug="report").delete(),
    "headline of coverage": update("report", title="Other"),
    "coverage is held": update("report", decision="hold"),
    "coverage is no longer held": update("held", decision=""),
    "report is deleted": lambda: Article.objects.filter(slug="report").delete(),
    "changed while it was on hold": lambda: [
        update("lead", published=False, decision="hold")(),
        update("lead", title="Other")(),
        update("lead", published=True, decision="")(),
    ],
}
UNSEEN: dict[str, Callable[[], object]] = {
    "notes": update("lead", decision_reason="Other", version=7, changed_at=timezone.now()),
    "category, which only the API has": update("lead", category="Other"),
    "heat, which no page shows": update("lead", heat=95, quality=95, top_rank=7.0),
    "the rule": lambda: heat.recompute(Article.objects.values_list("pk", flat=True)),
    "pin": update("lead", is_pinned=True, version=8),
    "held and published again": lambda: [
        update("lead", published=False, decision="hold")(),
        update("lead", published=True, decision="publish")(),
    ],
    "an end of its schedule": update("lead", publish_until=timezone.now() + 9 * HOUR),
    "notes of its provider": lambda: Provider.objects.update(notes="Other", description="Other"),
    "keywords of a topic": lambda: Topic.objects.update(keywords=["other"]),
    "other copies of an image": lambda: StoredImage.objects.update(color="#000", placeholder=""),
    "body of coverage": update("report", body="Other", quality=7, version=9),
    "a hidden report": update("held", title="Other"),
    "a link to a hidden report": link_to(decision="withdraw"),
    "nothing": lambda: Article.objects.get(slug="lead").save(),
}


class TestUpdated:
    @pytest.mark.parametrize("write", SEEN.values(), ids=SEEN)
    def test_changes(self, client: Client, story: Any, write: Callable[[], object]) -> None:
        assert set(told(client).values()) == {NOW}
        before = timezone.now().replace(microsecond=0)
        write()
        for place, moment in told(client).items():
            assert before <= moment <= timezone.now(), place

    @pytest.mark.parametrize("write", UNSEEN.values(), ids=UNSEEN)
    def test_does_not_change(self, client: Client, story: Any, write: Callable[[], object]) -> None:
        write()
        assert set(told(client).values()) == {NOW}

    def test_of_the_document(self, client: Client) -> None:
        make_article(slug="lead", published_at=NOW, updated_at=NOW + HOUR)
        assert set(told(client).values()) == {NOW + HOUR}

    def test_never_before_it_was_published(self, client: Client) -> None:
        make_article(slug="lead", published_at=NOW, updated_at=NOW - HOUR)
        assert set(told(client).values()) == {NOW}

    def test_never_in_the_future(self, client: Client) -> None:
        make_article(slug="lead", published_at=NOW, updated_at=timezone.now() + HOUR)
        assert set(told(client).values()) == {NOW}

    def test_end_of_an_embargo_is_not_a_change(self, client: Client) -> None:
        article = make_article(slug="lead", published_at=NOW, publish_from=timezone.now() + HOUR)
        article.title = "Corrected before anybody saw it"
        article.save()
        update("lead", publish_from=NOW + HOUR)()
        assert set(told(client).values()) == {NOW + HOUR}

    def test_first_publication_with_a_correction_is_not_a_change(self, client: Client) -> None:
        make_article(slug="lead", published_at=NOW, quality=10)
        update("lead", published=True, decision="publish", title="Corrected")()
        assert set(told(client).values()) == {NOW}

    def test_moves_to_a_new_slug(self, client: Client, story: Any) -> None:
        before = timezone.now().replace(microsecond=0)
        update("lead", title="Other")()
        update("lead", slug="other", published=False)()
        update("other", published=True)()
        assert all(moment >= before for moment in told(client, "other").values())

    def test_of_a_report_in_the_feed_of_a_story(self, client: Client, story: Any) -> None:
        slug = story["report"].slug
        address = "/news/lead/feed.atom"
        assert _atom(client, address, f"/news/{slug}/") == NOW + HOUR
        now = timezone.now()
        update("report", title="Other", changed_at=now)()
        assert _atom(client, address, f"/news/{slug}/") >= now.replace(microsecond=0)

    @pytest.mark.parametrize("path", ["/", "/latest/", "/topics/zebras/", "/providers/p.example/"])
    def test_of_lists(self, client: Client, story: Any, path: str) -> None:
        Provider.objects.filter(pk=story["lead"].provider_id).update(domain="p.example")
        forget_changes(story["lead"])

        def changed() -> datetime:
            text = client.get("/sitemaps/pages.xml").content.decode()
            match = re.search(rf"<loc>http://testserver{path}</loc><lastmod>([^<]*)", text)
            assert match
            return datetime.fromisoformat(match[1])

        assert changed() == NOW
        update("lead", version=9)()
        assert changed() == NOW
        before = timezone.now().replace(microsecond=0)
        update("lead", excerpt="Other")()
        assert changed() >= before
        feed = client.get(f"{path}feed.atom").content.decode()
        assert datetime.fromisoformat(f"{feed.split('<updated>')[1][:19]}Z") >= before


class TestImport:
    """An import sets ``updated`` to the time of the document until the document changes."""

    FIRST = document(quality=90, heat=90, published=True, related=(entry(),), topics=("A", "B"))

    def slug(self) -> str:
        return Article.objects.get(coverage_only=False).slug

    def test_first(self, client: Client, tmp_path: Path) -> None:
        put(tmp_path, "a.md", replace(self.FIRST, updated_at=self.FIRST.published_at + HOUR))
        load(tmp_path)
        moments = set(told(client, self.slug()).values())
        assert moments == {self.FIRST.published_at + HOUR}

    def test_by_the_policy(self, client: Client, tmp_path: Path) -> None:
        put(tmp_path, "a.md", replace(self.FIRST, heat=None, published=None))
        load(tmp_path)
        assert set(told(client, self.slug()).values()) == {self.FIRST.published_at}

    def test_of_a_former_coverage_only_article(self, client: Client, tmp_path: Path) -> None:
        put(tmp_path, "a.md", self.FIRST)
        load(tmp_path)
        of_entry: dict[str, Any] = {"title": entry().title, "web_url": entry().web_url}
        put(
            tmp_path, "b.md", replace(self.FIRST, provider=entry().provider, related=(), **of_entry)
        )
        load(tmp_path)
        for article in Article.objects.filter(coverage_only=False):
            assert set(told(client, article.slug).values()) == {article.published_at}

    def test_again(self, client: Client, tmp_path: Path) -> None:
        path = put(tmp_path, "a.md", self.FIRST)
        load(tmp_path)
        load(tmp_path)
        path.write_text(path.read_text().replace("secured:", "unknown: 1\nsecured:"))
        load(tmp_path)
        call_command("rescore", verbosity=0)
        assert set(told(client, self.slug()).values()) == {self.FIRST.published_at}

    def test_changed_text(self, client: Client, tmp_path: Path) -> None:
        put(tmp_path, "a.md", self.FIRST)
        load(tmp_path)
        before = timezone.now().replace(microsecond=0)
        put(tmp_path, "a.md", replace(self.FIRST, excerpt="It is longer."))
        load(tmp_path)
        assert all(moment >= before for moment in told(client, self.slug()).values())

    def test_new_coverage(self, client: Client, tmp_path: Path) -> None:
        put(tmp_path, "a.md", replace(self.FIRST, related=()))
        load(tmp_path)
        before = timezone.now().replace(microsecond=0)
        put(tmp_path, "a.md", self.FIRST)
        load(tmp_path)
        assert all(moment >= before for moment in told(client, self.slug()).values())
