"""The two documents in ``seeds/``, and the corpus of 48 documents where it is available."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from articles.importing import export
from articles.models import Article, ImportProblem, Topic
from articles.scoring import Contender, score
from providers.models import Provider
from tests.articles.documents.documents import CORPUS, needs_corpus
from tests.articles.samples import SEEDS, counts, load

NEW_YORK_POST = (
    "2020-08-17-de-blasio-calls-for-clear-standards-for-facial-recognition-tech-for-nypd"
)
CITY_AM = (
    "2020-08-21-is-facial-recognition-technology-finally-being-seen-for-the-dystopian-threat-it-is"
)


@pytest.mark.django_db
class TestTheTwoSeeds:
    def test_two_are_created_and_the_third_url_is_coverage(self) -> None:
        assert counts(load(SEEDS)) == {"created": 2, "stubs": 1}
        stub = Article.objects.get(coverage_only=True)
        assert stub.provider.name == "The Star"
        assert stub.quality == 39
        assert stub.heat is None

    def test_new_york_post_leads_and_city_am_is_superseded(self) -> None:
        load(SEEDS)
        lead = Article.objects.get(slug=NEW_YORK_POST)
        assert (lead.heat, lead.published, lead.is_published()) == (77, True, True)
        superseded = Article.objects.get(slug=CITY_AM)
        assert (superseded.heat, superseded.published) == (-1, False)
        assert superseded.is_superseded
        assert next(link.target for link in superseded.related_links.all()) == lead
        assert list(Article.objects.published()) == [lead]

    def test_a_second_import_finds_two_unchanged(self) -> None:
        load(SEEDS)
        assert counts(load(SEEDS)) == {"unchanged": 2}

    def test_both_are_exported_byte_for_byte_under_their_slugs(self, tmp_path: Path) -> None:
        load(SEEDS)
        list(export.export(Article.objects.all(), tmp_path))
        assert {path.stem: path.read_bytes() for path in tmp_path.glob("*.md")} == {
            NEW_YORK_POST: (SEEDS / "002_9f526750b318bb29.txt").read_bytes(),
            CITY_AM: (SEEDS / "000_02f8f77919dc730f.txt").read_bytes(),
        }


@needs_corpus
@pytest.mark.django_db
class TestTheCorpus:
    @pytest.fixture
    def expected(self) -> Any:
        return json.loads((CORPUS / "expected-api-news.json").read_text(encoding="utf-8"))

    def test_all_48_import_and_26_are_published_in_the_hubs_order(self, expected: Any) -> None:
        report = load(CORPUS)
        assert report.created == 48
        published = list(Article.objects.published().newest_first())
        assert len(published) == 26
        listed = [item.get("webUrl") or item["originalUrl"] for item in expected["value"]]
        assert [article.url for article in published][: len(listed)] == listed

    def test_one_pair_is_reported_as_duplicates(self) -> None:
        report = load(CORPUS)
        (pair,) = report.of(ImportProblem.Kind.DUPLICATE)
        assert len(pair.details["slugs"]) == 2
        assert {
            article.url for article in Article.objects.filter(slug__in=pair.details["slugs"])
        } == {pair.details["url"]}

    def test_topics_have_parents_and_providers_logos(self) -> None:
        load(CORPUS)
        parents = set(Topic.objects.exclude(parent=None).values_list("name", "parent__name"))
        assert ("AI Builder", "Power Apps") in parents
        assert Provider.objects.get(domain="nytimes.com").logos

    def test_a_second_import_finds_48_unchanged(self) -> None:
        load(CORPUS)
        assert counts(load(CORPUS)) == {"unchanged": 48}

    @pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
    def test_all_48_are_exported_byte_for_byte(self, tmp_path: Path, line_end: bytes) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        for path in (CORPUS / "_news").iterdir():
            text = path.read_bytes().replace(b"\r\n", b"\n")
            (folder / path.name).write_bytes(text.replace(b"\n", line_end))
        load(folder)
        written = list(export.export(Article.objects.all(), tmp_path / "out"))
        assert len(written) == 48
        assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.md")} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }


def contenders(line: dict[str, Any]) -> Iterator[Contender]:
    for number, each in enumerate([line, *line["related"]]):
        moment = datetime.fromisoformat(each["publishedDateTime"])
        yield Contender(str(number), moment, each["quality"])


@needs_corpus
class TestTheScoredLines:
    # The rule does not explain three of the 130 documents it was derived from, but none is in this
    # corpus.
    UNEXPLAINED: frozenset[int] = frozenset()

    def test_the_rule_gives_heat_and_published_of_each(self) -> None:
        lines = (CORPUS / "scoring.jsonl").read_text(encoding="utf-8").splitlines()
        different = set()
        for number, line in enumerate(map(json.loads, lines), 1):
            article, *related = contenders(line)
            receipt = score(article, related)
            if (receipt.heat, receipt.published) != (line["heat"], bool(line["published"])):
                different.add(number)
        assert len(lines) == 50
        assert different == self.UNEXPLAINED
