"""The sample documents, and the command that writes them."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from itertools import combinations, islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from articles.documents import (
    ArticleDocument,
    RelatedEntry,
    address_key,
    parse,
    parse_provider,
    parse_topic,
    slug_for,
    write,
)
from articles.sample_documents import LAST_MOMENT, MAX_COUNT, generate, generate_catalog, words
from articles.sample_documents.stories import LONGEST_STORY, PACE, PLACES

COUNT = 3_000


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(generate(COUNT, 7))


@pytest.fixture(scope="module")
def documents(files: dict[str, bytes]) -> list[ArticleDocument]:
    return [parse(name, data) for name, data in files.items()]


def digest(files: Iterator[tuple[str, bytes]]) -> str:
    return sha256(b"".join(name.encode() + data for name, data in files)).hexdigest()


def slug_of(report: ArticleDocument | RelatedEntry) -> str:
    return slug_for(report.title, report.published_at, report.url)


def outranks(entry: RelatedEntry, document: ArticleDocument) -> bool:
    """Compare two articles by the ranking rule, independently of the generator's sort key."""
    assert document.quality is not None
    if entry.quality is None or entry.quality < document.quality:
        return False
    if entry.quality > document.quality:
        return True
    if entry.published_at != document.published_at:
        return entry.published_at < document.published_at
    return slug_of(entry) < slug_of(document)


class TestDeterminism:
    def test_same_count_and_seed_give_the_same_files(self) -> None:
        assert digest(generate(60, 3)) == digest(generate(60, 3))

    def test_another_seed_gives_other_files(self) -> None:
        assert {name for name, _ in generate(60, 3)}.isdisjoint(name for name, _ in generate(60, 4))

    @pytest.mark.parametrize("hash_seed", ["0", "12345"])
    def test_does_not_depend_on_the_hash_seed(self, hash_seed: str) -> None:
        program = (
            "from hashlib import sha256; from articles.sample_documents import generate;"
            "files = generate(60, 3);"
            "print(sha256(b''.join(n.encode() + d for n, d in files)).hexdigest())"
        )
        run = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == digest(generate(60, 3))


class TestCount:
    @pytest.mark.parametrize("count", [1, 2, 20, 77])
    def test_yields_exactly_this_number(self, count: int) -> None:
        assert len(dict(generate(count, 1))) == count

    @pytest.mark.parametrize("count", [0, -1, MAX_COUNT + 1])
    def test_refuses_an_impossible_count_at_once(self, count: int) -> None:
        with pytest.raises(ValueError, match=r"count must be from 1 to 5,000,000"):
            generate(count, 1)

    def test_makes_documents_only_when_asked(self) -> None:
        many = generate(MAX_COUNT, 1)
        assert isinstance(many, Iterator)
        assert len(list(islice(many, 20))) == 20

    @pytest.mark.slow
    def test_memory_does_not_grow_with_the_documents(self) -> None:
        many = generate(MAX_COUNT, 1)
        # The first ones fill the writer's bounded caches.
        for _ in islice(many, 2_000):
            pass
        tracemalloc.start()
        try:
            for _ in islice(many, 2_000):
                pass
            # It is bounded, too, but 2,000 documents do not fill it.
            address_key.cache_clear()
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # These have eight million bytes; their names alone would have 250,000.
        assert kept < 125_000


class TestNames:
    def test_are_the_slugs_of_the_documents(
        self, files: dict[str, bytes], documents: list[ArticleDocument]
    ) -> None:
        assert [f"{slug_of(document)}.md" for document in documents] == list(files)

    def test_are_unique(self, files: dict[str, bytes]) -> None:
        assert len(files) == COUNT

    @pytest.mark.slow
    def test_are_unique_in_a_long_run(self) -> None:
        # The run is long enough to use every place several times.
        assert len({name for name, _ in generate(12_000, 5)}) == 12_000

    def test_urls_are_unique(self, documents: list[ArticleDocument]) -> None:
        assert len({document.url for document in documents}) == COUNT

    def test_places_return_only_after_a_story_has_ended(self) -> None:
        # A story has at least one document, so two uses are at least this many documents apart.
        assert len(PLACES) * PACE > LONGEST_STORY + 2 * PACE
        words_in_titles = [f"{place}{ending}".lower() for place in PLACES for ending in ("", "s")]
        assert len(set(words_in_titles)) == 2 * len(PLACES)

    @pytest.mark.parametrize("storyline", words.STORYLINES)
    def test_headlines_of_a_story_differ_as_slugs(self, storyline: words.Storyline) -> None:
        facts = dict.fromkeys(("things", "benefit", "risk", "org", "season"), "wind farms")
        facts |= dict.fromkeys(("months", "years", "n", "count", "money"), "12")
        headlines = [*storyline.headlines, *words.SHORT_HEADLINES]
        assert len(storyline.headlines) >= 12
        assert all(headline.count("{place}") == 1 for headline in headlines)
        slugs = [
            slug_for(headline.format(place="Velkmere", **facts), LAST_MOMENT, "")
            for headline in headlines
        ]
        assert len(set(slugs)) == len(headlines)
        # Adding a suffix to the longest slug, or cutting it, must not make two slugs equal.
        assert not [pair for pair in combinations(sorted(slugs), 2) if pair[1].startswith(pair[0])]


class TestDocuments:
    def test_are_canonical(self, files: dict[str, bytes]) -> None:
        assert all(write(parse(name, data)) == data for name, data in files.items())

    def test_come_with_both_line_ends(self, documents: list[ArticleDocument]) -> None:
        windows = sum(document.line_end == "\r\n" for document in documents)
        assert 0.15 < windows / COUNT < 0.25

    def test_some_are_unscored(self, documents: list[ArticleDocument]) -> None:
        unscored = [document for document in documents if document.quality is None]
        assert 0.05 < len(unscored) / COUNT < 0.11
        assert all(one.heat is None and one.published is None for one in unscored)

    def test_videos_have_a_player_and_no_web_url(self, documents: list[ArticleDocument]) -> None:
        videos = [document for document in documents if document.type == "video"]
        assert len(videos) > 20
        for video in videos:
            assert video.web_url is None
            assert video.original_url
            assert video.featured_content
            assert video.featured_content.startswith("<iframe ")

    @pytest.mark.parametrize(
        "field",
        [
            "updated_at", "original_url", "amp_url", "cdn_amp_url", "excerpt", "quality", "related",
            "featured_content", "images", "secured", "extra",
        ],
    )  # fmt: skip
    def test_optional_fields_are_there_and_missing(
        self, documents: list[ArticleDocument], field: str
    ) -> None:
        assert {bool(getattr(document, field)) for document in documents} == {True, False}

    @pytest.mark.parametrize("field", ["width", "title", "attribution"])
    def test_optional_image_fields_are_there_and_missing(
        self, documents: list[ArticleDocument], field: str
    ) -> None:
        images = [image for document in documents for image in document.images]
        assert {getattr(image, field) is None for image in images} == {True, False}

    def test_images_are_cached_not_cached_or_unspecified(
        self, documents: list[ArticleDocument]
    ) -> None:
        images = [image for document in documents for image in document.images]
        assert {image.is_cached for image in images} == {True, False, None}

    def test_logos_are_there_and_missing(self, documents: list[ArticleDocument]) -> None:
        assert {bool(document.provider.images) for document in documents} == {True, False}

    def test_some_have_a_body(self, documents: list[ArticleDocument]) -> None:
        bodies = [document.body for document in documents if document.body != "\n"]
        assert 10 < len(bodies) < COUNT / 10
        assert all(body.startswith("\n") and body.endswith(".\n") for body in bodies if body)

    @pytest.mark.parametrize("rough", ["\n", "&amp;", "&ldquo;", "\u00a0", '"', "“", "é", "…"])
    def test_excerpts_are_as_rough_as_real_ones(
        self, documents: list[ArticleDocument], rough: str
    ) -> None:
        assert any(rough in (document.excerpt or "") for document in documents)

    def test_titles_are_short_and_long(self, documents: list[ArticleDocument]) -> None:
        lengths = sorted(len(document.title) for document in documents)
        assert lengths[0] < 25
        assert lengths[-1] > 200
        assert 40 < lengths[COUNT // 2] < 80

    def test_titles_are_filled_in(self, files: dict[str, bytes]) -> None:
        assert not [name for name, data in files.items() if re.search(rb"\{\w+\}", data)]

    def test_one_to_three_topics_of_the_catalog(self, documents: list[ArticleDocument]) -> None:
        known = {subject.name for subject in words.SUBJECTS}
        assert {len(document.topics) for document in documents} == {1, 2, 3}
        for document in documents:
            assert known.issuperset(document.topics)
            assert len(set(document.topics)) == len(document.topics)

    def test_every_host_is_an_example(self, files: dict[str, bytes]) -> None:
        text = b"".join([*files.values(), *dict(generate_catalog()).values()]).decode()
        hosts = {urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s\"\\]+", text)}
        assert len(hosts) > 100
        assert not {host for host in hosts if not host.endswith(".example")}
        # Nothing else looks like a site, such as a bare domain in a text or a provider.
        assert not re.findall(r"\b[\w-]+\.(?:com|org|net|io|gov|edu|co)\b", text)

    def test_fill_the_days_up_to_the_last(self, documents: list[ArticleDocument]) -> None:
        times = [document.published_at for document in documents]
        assert max(times) <= LAST_MOMENT
        assert LAST_MOMENT - max(times) < LONGEST_STORY
        assert min(times) >= LAST_MOMENT - COUNT * PACE - LONGEST_STORY
        days = Counter(moment.date() for moment in times)
        middle = sorted(days.values())[len(days) // 2]
        assert 75 < middle < 225
        assert all((one.updated_at or LAST_MOMENT) <= LAST_MOMENT for one in documents)


class TestStories:
    def test_have_one_to_twelve_pieces_of_coverage(self, documents: list[ArticleDocument]) -> None:
        sizes = {1 + len(document.related) for document in documents}
        assert sizes == set(range(1, 13))

    def test_entries_agree_with_the_documents_of_the_story(
        self, documents: list[ArticleDocument]
    ) -> None:
        by_url = {document.url: document for document in documents}
        seen = 0
        for document in documents:
            for entry in document.related:
                other = by_url.get(entry.url)
                if other is None:
                    continue
                seen += 1
                for field in RelatedEntry.__dataclass_fields__.keys() - {"extra"}:
                    assert getattr(entry, field) == getattr(other, field), field
        assert seen > COUNT / 2

    def test_members_name_one_another(self, documents: list[ArticleDocument]) -> None:
        by_url = {document.url: document for document in documents}
        for document in documents:
            story = {document.url, *(entry.url for entry in document.related)}
            assert len(story) == 1 + len(document.related)
            for url in story & by_url.keys():
                other = by_url[url]
                assert {url, *(entry.url for entry in other.related)} == story

    def test_some_coverage_has_no_document(self, documents: list[ArticleDocument]) -> None:
        entries = {entry.url for document in documents for entry in document.related}
        stubs = entries - {document.url for document in documents}
        assert 0.1 < len(stubs) / len(entries) < 0.4


class TestScores:
    def test_heat_and_published_follow_the_policy(self, documents: list[ArticleDocument]) -> None:
        superseded = 0
        for document in documents:
            if document.quality is None:
                continue
            if any(outranks(entry, document) for entry in document.related):
                superseded += 1
                expected = -1
            elif document.quality >= 50:
                expected = document.quality + 10 * len(document.related)
            else:
                expected = document.quality
            assert document.heat == expected
            assert document.published is (expected >= 70)
        assert superseded > COUNT / 10

    def test_each_scored_story_has_one_lead(self, documents: list[ArticleDocument]) -> None:
        leads: Counter[frozenset[str]] = Counter()
        for document in documents:
            if document.quality is not None:
                story = frozenset({document.url, *(entry.url for entry in document.related)})
                leads[story] += document.heat != -1
        assert set(leads.values()) == {1}

    def test_over_a_third_of_the_leads_are_published(
        self, documents: list[ArticleDocument]
    ) -> None:
        leads = [one for one in documents if one.heat is not None and one.heat >= 0]
        assert 0.30 < sum(one.heat >= 70 for one in leads if one.heat) / len(leads) < 0.47

    def test_quality_is_spread_like_real_quality(self, documents: list[ArticleDocument]) -> None:
        qualities = sorted(one.quality for one in documents if one.quality is not None)
        assert 1 <= qualities[0] < 15
        assert 120 < qualities[-1] <= 154
        assert 42 < qualities[len(qualities) // 2] < 60


class TestCatalog:
    def test_has_every_topic_parents_first(self) -> None:
        topics = [parse_topic(n, d) for n, d in generate_catalog() if n.endswith(".yaml")]
        names = [topic.name for topic in topics]
        assert names == [subject.name for subject in words.SUBJECTS]
        assert any(topic.parent for topic in topics)
        for position, topic in enumerate(topics):
            assert topic.parent is None or topic.parent in names[:position]
            assert topic.keywords
            assert topic.hashtags
            assert topic.short_name

    def test_topic_files_are_numbered_slugs(self) -> None:
        names = [name for name, _ in generate_catalog() if name.endswith(".yaml")]
        assert names[:2] == ["_data/topics/00-ai.yaml", "_data/topics/01-computer-vision.yaml"]

    def test_has_every_provider_of_the_documents(self, documents: list[ArticleDocument]) -> None:
        files = {n: d for n, d in generate_catalog() if n.endswith(".md")}
        providers = {name: parse_provider(name, data) for name, data in files.items()}
        assert len(providers) == 60
        for name, provider in providers.items():
            assert name == f"_data/organizations/{provider.domain}.md"
            assert provider.description
            assert [image.width for image in provider.images] == [50, 400]
        named = {(one.provider.name, one.provider.domain) for one in documents}
        assert named == {(provider.name, provider.domain) for provider in providers.values()}


class TestCommand:
    def test_success(self, tmp_path: Path) -> None:
        out = StringIO()
        call_command("generate_seeds", tmp_path / "new" / "seeds", count=20, seed=3, stdout=out)
        folder = tmp_path / "new" / "seeds"
        written = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert written == {**dict(generate(20, 3)), **dict(generate_catalog())}
        assert "20 documents" in out.getvalue()
        assert str(folder) in out.getvalue()

    def test_defaults_to_300_documents_of_seed_1(self, tmp_path: Path) -> None:
        call_command("generate_seeds", str(tmp_path), stdout=StringIO())
        assert {path.name for path in tmp_path.glob("*.md")} == set(dict(generate(300, 1)))

    def test_until(self, tmp_path: Path) -> None:
        folders = [tmp_path / "date", tmp_path / "moment"]
        until = ("2027-03-02", "2027-03-02T01:00:00+01:00")
        for folder, text in zip(folders, until, strict=True):
            call_command("generate_seeds", str(folder), "--count=30", f"--until={text}")
        first, second = (
            {path.name: path.read_bytes() for path in folder.glob("*.md")} for folder in folders
        )
        midnight = datetime(2027, 3, 2, tzinfo=UTC)
        assert first == second == dict(generate(30, 1, midnight))
        documents = [parse(name, data) for name, data in first.items()]
        published = sorted(document.published_at for document in documents)
        assert midnight - timedelta(hours=1) < published[-1] <= midnight
        assert all((document.updated_at or midnight) <= midnight for document in documents)

    def test_fail_until_long_ago(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="--until must be from 2000-01-01"):
            call_command("generate_seeds", str(tmp_path / "new"), "--until=1999-12-31")

    def test_fail_not_empty(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("keep me")
        with pytest.raises(CommandError, match="is not empty") as caught:
            call_command("generate_seeds", tmp_path, count=5)
        assert caught.value.returncode == 2
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_fail_not_a_folder(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.touch()
        with pytest.raises(CommandError, match="is not a folder") as caught:
            call_command("generate_seeds", path, count=5)
        assert caught.value.returncode == 2

    @pytest.mark.parametrize("count", [0, -3])
    def test_fail_count(self, tmp_path: Path, count: int) -> None:
        with pytest.raises(
            CommandError, match="--count: expected a whole number, from 1"
        ) as caught:
            call_command("generate_seeds", tmp_path / "new", count=count)
        assert caught.value.returncode == 2
        assert not (tmp_path / "new").exists()
