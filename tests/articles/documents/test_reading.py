"""Accepted variants of the canonical form; tests/documents/broken has the rejected ones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from articles.documents import DocumentError, parse, parse_provider, parse_topic
from articles.documents.yaml_text import Plain
from tests.articles.documents.documents import MINIMAL, make_text


def read(**keys: str) -> Any:
    """Read the minimal document with additional keys."""
    return parse("a.md", make_text(**keys))


class TestMinimalDocument:
    def test_needs_title_time_url_and_provider(self) -> None:
        document = read()

        assert document.title == "Council approves the bridge"
        assert document.published_at == datetime(2020, 8, 21, 5, 25, tzinfo=UTC)
        assert document.url == "https://daily.example/bridge"
        assert document.provider.domain == "daily.example"
        assert document.provider.images == ()

    def test_all_other_values_are_absent(self) -> None:
        document = read()

        assert (document.topics, document.images, document.related) == ((), (), ())
        assert document.quality is None
        assert document.heat is None
        assert document.published is None
        assert document.secured is None
        assert document.extra == {}

    def test_null_counts_as_absent(self) -> None:
        document = read(excerpt="null", quality="~", topics="", images="Null")

        assert document.excerpt is None
        assert document.quality is None
        assert (document.topics, document.images) == ((), ())
        assert document.extra == {}

    def test_is_frozen(self) -> None:
        with pytest.raises(AttributeError):
            read().title = "Another"


class TestUrl:
    def test_a_video_is_known_by_its_original_url(self) -> None:
        text = make_text(type="video").replace(b"webUrl", b"originalUrl")

        document = parse("a.md", text)

        assert document.web_url is None
        assert document.url == "https://daily.example/bridge"

    def test_a_related_entry_too(self) -> None:
        entry = MINIMAL.replace("webUrl", "originalUrl").replace("\n", "\n    ").rstrip()

        document = read(related=f"\n  - {entry}")

        assert document.related[0].url == "https://daily.example/bridge"

    @pytest.mark.parametrize(
        "url",
        [
            "http://daily.example",
            "HTTPS://daily.example/a",
            "https://daily.example?q=1",
            "https://daily.example/été#x",
            "https://日本.example/a b",
            "https://" + "a" * 1992,
        ],
    )
    def test_http_and_https_are_accepted(self, url: str) -> None:
        assert read(ampWebUrl=f'"{url}"').amp_url == url

    def test_its_length_is_counted_in_bytes(self) -> None:
        assert read(ampWebUrl='"https://x/' + "é" * 990 + '"').amp_url

        long = read(ampWebUrl='"https://x/' + "é" * 1000 + '"')
        assert long.amp_url is None
        assert "at most 2,000 bytes" in long.warnings[0].message


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2020-08-21T05:25:00Z", datetime(2020, 8, 21, 5, 25, tzinfo=UTC)),
            ('"2020-08-21T05:25:00Z"', datetime(2020, 8, 21, 5, 25, tzinfo=UTC)),
            ("2020-08-21t05:25:00z", datetime(2020, 8, 21, 5, 25, tzinfo=UTC)),
            ("2020-08-21 05:25:00 Z", datetime(2020, 8, 21, 5, 25, tzinfo=UTC)),
            ("2020-08-21T05:25:00.5Z", datetime(2020, 8, 21, 5, 25, 0, 500_000, tzinfo=UTC)),
            ("2020-08-21T05:25:00.000001Z", datetime(2020, 8, 21, 5, 25, 0, 1, tzinfo=UTC)),
            ("2020-08-21T05:25:00+08:00", datetime(2020, 8, 20, 21, 25, tzinfo=UTC)),
            ("2020-08-21T05:25:00-03:30", datetime(2020, 8, 21, 8, 55, tzinfo=UTC)),
            ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
            ("2199-12-31T23:59:59Z", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ],
    )
    def test_are_read_in_any_zone_and_kept_in_utc(self, written: str, moment: datetime) -> None:
        found = read(updatedDateTime=written).updated_at

        assert found == moment
        assert found.tzinfo is UTC

    @pytest.mark.parametrize("year", ["1899", "2200"])
    def test_year_out_of_bounds_is_refused(self, year: str) -> None:
        document = read(updatedDateTime=f"{year}-06-01T00:00:00Z")
        assert document.updated_at is None
        assert "expected a year 1900 to 2199" in document.warnings[0].message

    def test_the_year_is_that_in_utc(self) -> None:
        document = read(updatedDateTime="1900-01-01T00:00:00+01:00")
        assert "expected a year 1900 to 2199" in document.warnings[0].message


class TestNumbersAndFlags:
    @pytest.mark.parametrize("written", ["0", "53", "1000"])
    def test_quality_is_a_whole_number(self, written: str) -> None:
        assert read(quality=written).quality == int(written)

    @pytest.mark.parametrize("written", ["-1", "0", "30000"])
    def test_heat_may_be_below_zero_by_one(self, written: str) -> None:
        assert read(quality="53", heat=written).heat == int(written)

    def test_quality_may_stand_alone(self) -> None:
        document = read(quality="53")

        assert (document.quality, document.heat, document.published) == (53, None, None)

    @pytest.mark.parametrize(
        ("written", "value"), [("true", True), ("False", False), ("TRUE", True), ("FALSE", False)]
    )
    def test_published_is_true_or_false(self, written: str, value: bool) -> None:
        assert read(quality="53", published=written).published is value

    @pytest.mark.parametrize("written", ["0", "100000"])
    def test_sizes_have_bounds(self, written: str) -> None:
        document = read(images=f'\n  - url: "https://x.example/"\n    width: {written}')

        assert document.images[0].width == int(written)


class TestText:
    def test_a_title_may_be_written_in_any_style(self) -> None:
        for written in ["Bridge: not", "|", ">"]:
            with pytest.raises(DocumentError):
                parse("a.md", make_text(title=written))
        for written in ["Bridge", "'Bridge'", '"Bri\\x64ge"', "|-\n  Bridge", ">-\n  Bridge"]:
            assert parse("a.md", make_text(title=written)).title == "Bridge"

    def test_an_excerpt_may_be_empty_and_hold_lines(self) -> None:
        assert read(excerpt='""').excerpt == ""
        assert read(excerpt='"one\\ntwo\xa0three &amp; four"').excerpt == (
            "one\ntwo\xa0three &amp; four"
        )

    def test_a_title_has_at_most_1000_characters(self) -> None:
        assert parse("a.md", make_text(title="é" * 1000)).title == "é" * 1000

        with pytest.raises(DocumentError, match="1,001 characters: expected at most 1,000"):
            parse("a.md", make_text(title="é" * 1001))

    @pytest.mark.parametrize("domain", ["a", "a.b", "xn--p1ai", "A_b.example"])
    def test_a_domain_is_kept_as_written(self, domain: str) -> None:
        text = make_text().replace(b"domain: daily.example", f"domain: {domain}".encode())

        assert parse("a.md", text).provider.domain == domain

    @pytest.mark.parametrize("domain", ["a..b", ".a", "-a", "a-", "a b", "_a", "/a", "mailto:x@y"])
    def test_a_domain_of_empty_or_odd_labels_is_refused(self, domain: str) -> None:
        text = make_text().replace(b"domain: daily.example", f'domain: "{domain}"'.encode())

        with pytest.raises(DocumentError, match="expected a domain"):
            parse("a.md", text)

    def test_topics_keep_order_and_duplicates(self) -> None:
        assert read(topics="[B, a, B]").topics == ("B", "a", "B")


class TestUnknownKeys:
    def test_are_kept_as_they_are_written(self) -> None:
        document = read(x="1.50", y='"1.50"', z="[yes, {k: ~, 'l': word}]")

        assert document.extra == {
            "x": Plain("1.50"),
            "y": "1.50",
            "z": [Plain("yes"), {"k": Plain("~"), "l": "word"}],
        }

    def test_are_kept_in_every_mapping(self) -> None:
        entry = MINIMAL.replace("\n", "\n    ").rstrip()
        document = read(
            images='\n  - url: "https://x.example/"\n    credit: A',
            related=f"\n  - {entry}\n      logo: B\n    note: C",
        )

        assert document.images[0].extra == {"credit": "A"}
        assert document.related[0].extra == {"note": "C"}
        assert document.related[0].provider.extra == {"logo": "B"}

    def test_null_is_kept_there(self) -> None:
        assert read(x="", y="null").extra == {"x": Plain(""), "y": Plain("null")}


class TestTopicFile:
    def test_is_all_yaml(self) -> None:
        topic = parse_topic(
            "ai.yaml",
            b"_id: computer-vision\nname: Computer Vision\nshortname: CV\nparent: AI\n"
            b'keywords:\n  - image recognition\nhashtags:\n  - "#CV"\nservices:\n  news: /cv/\n',
        )

        assert (topic.id, topic.name, topic.short_name) == (
            "computer-vision",
            "Computer Vision",
            "CV",
        )
        assert topic.parent == "AI"
        assert (topic.keywords, topic.hashtags) == (("image recognition",), ("#CV",))
        assert topic.extra == {"services": {"news": "/cv/"}}

    def test_needs_a_name_only(self) -> None:
        topic = parse_topic("ai.yaml", b"---\nname: AI\n")

        assert (topic.id, topic.parent, topic.keywords) == (None, None, ())

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            (b"_id: ai\n", "ai.yaml:1:1: missing key name: add it"),
            (b"", "ai.yaml:1:1: expected keys and values"),
            (b'name: "!!!"\n', "ai.yaml:1:7: expected a topic with letters or digits"),
        ],
    )
    def test_lines_count_from_1(self, data: bytes, error: str) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_topic("ai.yaml", data)

        assert str(caught.value).startswith(error)

    @pytest.mark.parametrize(
        ("data", "warning"),
        [
            (
                b"name: AI\n_id: a b\n",
                'ai.yaml:2:6: expected letters, digits and hyphens, found "a b"',
            ),
            (b"name: AI\nkeywords: ai\n", "ai.yaml:2:11: expected a list"),
            (b"name: AI\nkeywords:\n  - 5\n", "ai.yaml:3:5: expected a string, found a number (5)"),
            (b'name: AI\nparent: "-"\n', "ai.yaml:2:9: expected a topic with letters or digits"),
            (b"\xef\xbb\xbfname: AI\n", "ai.yaml:1:1: starts with a byte order mark"),
        ],
    )
    def test_other_bad_values_are_left_out(self, data: bytes, warning: str) -> None:
        topic = parse_topic("ai.yaml", data)

        assert (topic.name, topic.id, topic.keywords) == ("AI", None, ())
        assert str(topic.warnings[0]).startswith(warning)


class TestProviderFile:
    def test_is_front_matter(self) -> None:
        provider = parse_provider(
            "daily.md",
            b"---\nname: Daily Example\ndomain: daily.example\ndescription: News daily.\n"
            b"otherNames:\n  - The Daily\nimages:\n  - url: /logos/daily.png\n    width: 50\n---\n",
        )

        assert (provider.name, provider.domain) == ("Daily Example", "daily.example")
        assert provider.description == "News daily."
        assert [(image.url, image.width) for image in provider.images] == [("/logos/daily.png", 50)]
        assert provider.extra == {"otherNames": ["The Daily"]}

    @pytest.mark.parametrize("url", ["//evil.example/a.png", "/\\evil.example", "a.png", "/a b"])
    def test_a_logo_is_local_or_has_a_whole_url(self, url: str) -> None:
        text = f"---\nname: A\ndomain: a.example\nimages:\n  - url: '{url}'\n---\n"

        provider = parse_provider("daily.md", text.encode())
        assert provider.images == ()
        assert str(provider.warnings[0]).startswith("daily.md:5:10: expected a URL")

    def test_needs_name_and_domain(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_provider("daily.md", b"---\ndescription: x\n---\n")

        messages = [error.message for error in (caught.value, *caught.value.more)]
        assert messages == ["missing key name: add it", "missing key domain: add it"]
