"""Reading and writing real documents reproduces them byte for byte."""

from pathlib import Path

import pytest

from articles.documents import parse, parse_provider, parse_topic, revise, slug_for, stem_of, write
from tests.articles.documents.documents import CORPUS, SEEDS, needs_corpus

NEWS = sorted((CORPUS / "_news").glob("*.md"))
TOPICS = sorted((CORPUS / "_data/topics").glob("*.yaml"))
PROVIDERS = sorted((CORPUS / "_data/organizations").glob("*.md"))


class TestSeeds:
    def test_there_are_two(self) -> None:
        assert len(SEEDS) == 2

    @pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
    def test_are_written_byte_for_byte(self, path: Path) -> None:
        data = path.read_bytes()
        document = parse(path.name, data)

        assert write(document) == data
        assert revise(data, document) == data

    @pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
    def test_with_windows_line_ends_are_written_byte_for_byte(self, path: Path) -> None:
        data = path.read_bytes().replace(b"\n", b"\r\n")
        document = parse(path.name, data)

        assert document.line_end == "\r\n"
        assert write(document) == data

    def test_take_their_slug_from_date_and_title(self) -> None:
        titles = [
            "is-facial-recognition-technology-finally-being-seen-for-the-dystopian-threat-it-is",
            "de-blasio-calls-for-clear-standards-for-facial-recognition-tech-for-nypd",
        ]
        slugs = [stem_of(path.name, parse(path.name, path.read_bytes())) for path in SEEDS]

        assert slugs == [f"2020-08-21-{titles[0]}", f"2020-08-17-{titles[1]}"]

    def test_have_the_expected_contents(self) -> None:
        document = parse(SEEDS[0].name, SEEDS[0].read_bytes())

        assert document.category == "news"
        assert document.title.startswith("Is facial recognition technology finally")
        assert document.excerpt is not None
        assert document.excerpt.startswith("In the end, even Silicon Valley")
        assert document.published_at.isoformat() == "2020-08-21T05:25:00+00:00"
        assert document.updated_at is None
        assert document.web_url is not None
        assert document.web_url.startswith("https://www.cityam.com/is-facial-")
        assert document.url == document.web_url
        assert document.amp_url == f"{document.web_url}amp/"
        assert document.cdn_amp_url is not None
        assert document.cdn_amp_url.startswith("https://www-cityam-com.cdn.ampproject.org/c/s/")
        assert document.original_url is None
        assert document.type == "article"
        assert (document.quality, document.heat, document.published) == (53, -1, False)
        assert (document.provider.name, document.provider.domain) == ("City A.M.", "cityam.com")
        assert document.topics == ("Computer Vision", "AI")
        (image,) = document.images
        assert (image.width, image.height, image.is_cached) == (1024, 651, True)
        assert [entry.quality for entry in document.related] == [57, 39]
        assert document.related[0].provider.domain == "nypost.com"
        assert document.related[0].url.startswith("https://nypost.com/2020/08/17/de-blasio")
        assert document.secured is not None
        assert document.secured.endswith(";5FJInYuGmaoBOw5JdspQsw==")
        assert document.extra == {}
        assert document.body == "\n"
        assert document.line_end == "\n"


@needs_corpus
class TestCorpus:
    def test_is_whole(self) -> None:
        assert len(NEWS) == 48

    @pytest.mark.parametrize("path", NEWS, ids=lambda path: path.stem[:40])
    def test_is_written_byte_for_byte(self, path: Path) -> None:
        data = path.read_bytes()
        document = parse(path.name, data)

        assert write(document) == data
        assert revise(data, document) == data

    @pytest.mark.parametrize("path", NEWS, ids=lambda path: path.stem[:40])
    def test_is_named_by_the_rule_for_slugs(self, path: Path) -> None:
        document = parse(path.name, path.read_bytes())

        assert slug_for(document.title, document.published_at, document.url) == path.stem
        assert stem_of(path.name, document) == path.stem

    def test_topic_files_are_read(self) -> None:
        topics = [parse_topic(path.name, path.read_bytes()) for path in TOPICS]

        assert topics[0].name == "Power Apps"
        assert {topic.parent for topic in topics} == {None, "Power Apps"}

    def test_provider_files_are_read(self) -> None:
        providers = [parse_provider(path.name, path.read_bytes()) for path in PROVIDERS]

        assert [f"{provider.domain}.md" for provider in providers] == [
            path.name for path in PROVIDERS
        ]
