"""Bad values are left out with a warning, and messages say how to fix them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from articles.documents import (
    ArticleDocument,
    Desk,
    DocumentError,
    NotNewsError,
    address_key,
    parse,
    revise,
)
from tests.articles.documents.documents import CASES, HUB, MINIMAL, make_text


def entry(**changes: str) -> str:
    """Write a list of one related entry with some of its values replaced."""
    lines = []
    for line in [*MINIMAL.splitlines(), "images:", "  - url: https://daily.example/a.jpg"]:
        key = line.strip().removeprefix("- ").partition(":")[0]
        lines.append(f"{line.partition(':')[0]}: {changes[key]}" if key in changes else line)
    return "\n  - " + "\n    ".join(lines)


def read(data: bytes) -> tuple[ArticleDocument, list[str]]:
    """Read a document that is written back byte for byte; return it with its warnings."""
    document = parse("a.md", data)
    assert revise(data, document) == data
    edited = revise(data, replace(document, category="other"))
    added = edited.replace(b"category: other\r\n", b"").replace(b"category: other\n", b"")
    assert added == data
    return document, [f"{one.line}:{one.column}: {one.message}" for one in document.warnings]


class TestValuesLeftOut:
    @pytest.mark.parametrize("url", ['""', '"  "', "/a.jpg", '"https://daily.example/a b.jpg"'])
    def test_an_image_without_usable_url(self, url: str) -> None:
        good = "https://daily.example/b.jpg"
        data = make_text(images=f"\n  - url: {url}\n    width: 8\n  - url: {good}")
        document, warnings = read(data)

        assert [image.url for image in document.images] == [good]
        assert len(warnings) == 1
        assert warnings[0].startswith("9:10: ")
        assert warnings[0].endswith("(this image is left out)")

    @pytest.mark.parametrize("url", ['""', "nowhere", "~"])
    def test_a_related_entry_without_usable_address(self, url: str) -> None:
        document, warnings = read(make_text(related=entry(webUrl=url) + entry()))

        assert len(document.related) == 1
        assert warnings[0].endswith("(this entry is left out)")

    @pytest.mark.parametrize(
        ("written", "place", "words"),
        [
            ("yes", "8:7", "expected keys such as decision: …"),
            ("\n  decision: keep", "9:13", "expected publish, hold or withdraw"),
            ("\n  decision: hold\n  until: soon", "10:10", "expected a time such as"),
            ("\n  until: 2030-01-01T00:00:00Z", "9:3", "until without decision"),
            ('\n  reason: "Why"', "9:3", "reason without decision"),
            ("\n  decision: withdraw\n  until: 2030-01-01T00:00:00Z", "10:3", "has no end"),
            ("\n  from: 2030-01-02T00:00:00Z\n  to: 2030-01-01T00:00:00Z", "10:7", "before to"),
            ('\n  pinned: "true"', "9:11", "expected true or false"),
            ('\n  accepted:\n    - "nowhere"', "10:7", "(this address is left out)"),
        ],
    )
    def test_editors_decisions(self, written: str, place: str, words: str) -> None:
        document, (warning,) = read(make_text(desk=written))

        assert warning.startswith(f"{place}: ")
        assert words in warning
        assert document.desk in (None, Desk(decision="hold"), Desk(decision="withdraw"))

    def test_the_image_of_a_related_entry(self) -> None:
        document, warnings = read(make_text(related=entry(url='""')))

        assert document.related[0].images == ()
        assert document.related[0].title == "Council approves the bridge"
        assert warnings[0].startswith("16:14: ")

    @pytest.mark.parametrize("name", ["", '""', '"\\u200b"', "7"])
    def test_the_name_of_the_provider_of_a_related_entry(self, name: str) -> None:
        document, warnings = read(make_text(related=entry().replace("Daily Example", name)))

        assert document.related[0].provider.name == "daily.example"
        assert [warning.split(":")[0] for warning in warnings] == ["13"]

    @pytest.mark.parametrize("topic", ["", '""', "5", "'  '", "!!!"])
    def test_an_empty_topic(self, topic: str) -> None:
        if topic == "!!!":
            topic = '"!!!"'
        document, warnings = read(make_text(topics=f"\n  - Bridges\n  - {topic}\n  - Harbors"))

        assert document.topics == ("Bridges", "Harbors")
        assert warnings[0].startswith("10:")

    @pytest.mark.parametrize(
        ("key", "value"),
        [("ampWebUrl", "amp/a"), ("quality", "high"), ("type", "podcast"), ("language", "en_US!")],
    )
    def test_a_key(self, key: str, value: str) -> None:
        document, warnings = read(make_text(**{key: value}))

        assert (document.amp_url, document.quality, document.type) == (None, None, None)
        assert document.language is None
        assert warnings[0].endswith(f"(the key {key} is left out)")

    def test_heat_and_published_beside_a_bad_quality(self) -> None:
        document, warnings = read(make_text(quality="high", heat="80", published="true"))

        assert (document.quality, document.heat, document.published) == (None, None, None)
        assert len(warnings) == 1

    def test_one_of_two_addresses(self) -> None:
        document, warnings = read(make_text(originalUrl="gopher://old.example"))

        assert document.url == "https://daily.example/bridge"
        assert len(warnings) == 1


class TestValuesMended:
    @pytest.mark.parametrize(
        ("written", "domain"),
        [
            ("daily.example/live", "daily.example"),
            ("https://daily.example/live?x=1", "daily.example"),
            ('"daily.example:8080"', "daily.example"),
            ("daily.example.", "daily.example"),
            ("//büro.example/live", "xn--bro-hoa.example"),
            ("daily.example\u200b", "daily.example"),
            ("\u2060da\u00adily.example", "daily.example"),
            ("\u00a0daily.example", "daily.example"),
            ("büro。example", "xn--bro-hoa.example"),
        ],
    )
    def test_the_host_of_a_domain_is_kept(self, written: str, domain: str) -> None:
        data = make_text().replace(b"domain: daily.example", f"domain: {written}".encode())
        document, warnings = read(data)

        assert document.provider.domain == domain
        assert len(warnings) == 1

    def test_a_domain_has_the_form_of_its_addresses(self) -> None:
        data = make_text().replace(b"domain: daily.example", "domain: faß.example".encode())

        assert read(data)[0].provider.domain == address_key("https://faß.example/")

    @pytest.mark.parametrize("written", ["bu\u0308ro.example", "b\u00fcro.example", "BÜRO.example"])
    def test_a_domain_in_any_letters_is_one_domain(self, written: str) -> None:
        data = make_text().replace(b"domain: daily.example", f"domain: {written}".encode())
        document, warnings = read(data)

        assert document.provider.domain.lower() == "xn--bro-hoa.example"
        assert warnings == []

    @pytest.mark.parametrize(
        ("title", "column"),
        [
            ('"A \x93bridge\x94"', 11),
            ("A \x07bridge", 10),
            (r'"A \x93bridge"', 11),
            (r'"A \u0007bridge"', 11),
            (r'"A \abridge"', 11),
            (r'"A \0bridge"', 11),
        ],
    )
    def test_control_characters_are_taken_out(self, title: str, column: int) -> None:
        document, warnings = read(make_text(title=title))

        assert document.title == "A bridge"
        assert warnings[0].startswith(f"2:{column}: control character U+00")

    def test_control_characters_of_the_body_are_taken_out(self) -> None:
        document, warnings = read(make_text() + b"One\x1b[31m two.\n")

        assert document.body == "\nOne[31m two.\n"
        assert warnings[0].startswith("10:4: control character U+001B")

    @pytest.mark.parametrize(
        "entity", ["&amp;", "&AMP;", "&#38;", "&#x26;", "&#X0026;", "&#0000000038;"]
    )
    def test_entities_of_an_address_are_decoded(self, entity: str) -> None:
        data = make_text().replace(b"/bridge", f"/bridge?a=1{entity}copy=2".encode())
        document, warnings = read(data)

        assert document.url == "https://daily.example/bridge?a=1&copy=2"
        assert warnings == []

    def test_a_comment_cuts_off_a_headline(self) -> None:
        document, warnings = read(make_text(title="Judge strikes rule #9 on noise"))

        assert document.title == "Judge strikes rule"
        assert len(warnings) == 1
        assert warnings[0].startswith("2:27: the # begins a comment, which is cut off")

    def test_a_comment_after_a_number_is_fine(self) -> None:
        assert read(make_text(quality="53  # by hand"))[1] == []

    def test_a_byte_order_mark_and_mixed_line_endings(self) -> None:
        data = b"\xef\xbb\xbf" + make_text().replace(b"name: Daily Example\n", b"name: X\r\n")
        document, warnings = read(data)

        assert (document.provider.name, document.line_end) == ("X", "\n")
        assert [warning.split(" ")[0] for warning in warnings] == ["1:1:", "6:10:"]

    def test_a_second_paragraph_with_a_colon_is_named(self) -> None:
        text = make_text(excerpt="One.\n\nThe mayor said: yes")

        assert "indent it" in read(text)[1][0]


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
            ("2017-01-01T08:59:60.5+09:00", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
            ("2020-08-21T05:25Z", datetime(2020, 8, 21, 5, 25, tzinfo=UTC)),
            ("2020-08-21T05:25:00.123456789Z", datetime(2020, 8, 21, 5, 25, 0, 123456, tzinfo=UTC)),
            ("2020-08-21T05:25:00+0545", datetime(2020, 8, 20, 23, 40, tzinfo=UTC)),
            ("2020-08-21T05:25:00-23:59", datetime(2020, 8, 22, 5, 24, tzinfo=UTC)),
            ("2020-8-1 5:25:00 +02", datetime(2020, 8, 1, 3, 25, tzinfo=UTC)),
        ],
    )
    def test_any_offset_and_precision_is_read(self, written: str, moment: datetime) -> None:
        document, warnings = read(make_text(updatedDateTime=written))

        assert document.updated_at == moment
        assert len(warnings) == (":60" in written)

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("0001-01-01T00:00:00+14:00", "expected a year 1900 to 2199"),
            ("9999-12-31T23:59:59-14:00", "expected a year 1900 to 2199"),
            ("0000-01-01T00:00:00Z", "expected a year 1900 to 2199"),
            ("2021-02-29T00:00:00Z", "there is no such day"),
            ("2021-02-09T24:00:00Z", "the hour goes from 0 to 23"),
            ("2021-02-09T12:30:60Z", "the second goes from 0 to 59"),
            ("2021-02-09T12:30:00+24:00", "an offset goes from -23:59 to +23:59"),
            ("2021-02-09T12:30:00+00:99", "an offset goes from -23:59 to +23:59"),
            ("2021-02-09", "add the time of day"),
        ],
    )
    def test_others_are_refused_in_plain_words(self, written: str, message: str) -> None:
        with pytest.raises(DocumentError) as caught:
            parse("a.md", make_text().replace(b"2020-08-21T05:25:00Z", written.encode()))

        assert caught.value.message.endswith(message)
        assert (caught.value.line, caught.value.column) == (3, 20)


def place(data: bytes) -> tuple[int, int, str]:
    with pytest.raises(DocumentError) as caught:
        parse("a.md", data)
    return caught.value.line, caught.value.column, caught.value.message


QUOTE_IT = "put the whole value in quotes"


class TestMessages:
    @pytest.mark.parametrize(
        ("title", "advice"),
        [
            ("*Live* from the harbor", QUOTE_IT),
            ("&Sons sold", QUOTE_IT),
            ("!Viva the harbor", QUOTE_IT),
            ("! 'It''s over'", "remove it, the value has its quotes"),
            ("> 20 ships wait", QUOTE_IT),
            ("| pipes", QUOTE_IT),
            ("[Video] Harbor opens", QUOTE_IT),
            ("{Live} Harbor opens", QUOTE_IT),
            ("{{ page.title }}", QUOTE_IT),
            ("{% raw %} Harbor", QUOTE_IT),
            ("? who knows", QUOTE_IT),
            ("- the list", QUOTE_IT),
            ("% of voters", QUOTE_IT),
            ("@harbor opens", QUOTE_IT),
            ("`make` fails", QUOTE_IT),
            (", then", QUOTE_IT),
            ("'Twas the harbor", "put the whole value in double quotes"),
            ('"Harbor opens', "close them"),
            ("[Update", "end it with ]"),
        ],
    )
    def test_a_value_that_needs_quotes(self, title: str, advice: str) -> None:
        line, column, message = place(make_text(title=title))

        assert (line, column) == (2, 8)
        assert advice in message

    @pytest.mark.parametrize("sign", ["*a b", "&a b", "!a b", "> a", "[a] b", "@a", "% a", "`a"])
    def test_an_item_that_needs_quotes(self, sign: str) -> None:
        line, column, message = place(make_text(topics=f"\n  - Bridges\n  - {sign}"))

        assert (line, column) == (10, 5)
        assert QUOTE_IT in message

    def test_a_title_that_is_all_comment(self) -> None:
        assert place(make_text(title="#2 in the charts")) == (
            2, 8, "the # begins a comment, so title is empty: put the value in quotes",
        )  # fmt: skip

    def test_text_after_quotes(self) -> None:
        line, column, message = place(make_text(title='"Harbor" opens'))

        assert (line, column) == (2, 17)
        assert QUOTE_IT.replace("quotes", "one pair of quotes") in message

    def test_text_after_the_quotes_of_an_item(self) -> None:
        line, column, message = place(make_text(topics='\n  - Bridges\n  - "Harbor" news'))

        assert (line, column) == (10, 14)
        assert QUOTE_IT.replace("quotes", "one pair of quotes") in message

    def test_an_item_with_a_colon(self) -> None:
        _, (warning,) = read(make_text(topics="\n  - Bridges\n  - Harbor: news"))

        assert warning.startswith("10:5: ")
        assert "in quotes if it holds a colon" in warning

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_another_encoding_is_an_error(self, encoding: str) -> None:
        with pytest.raises(DocumentError) as caught:
            parse("a.md", make_text().decode().encode(encoding))

        assert str(caught.value) == "a.md:1:1: this is UTF-16: save the file as UTF-8"
        assert not isinstance(caught.value, NotNewsError)

    @pytest.mark.parametrize("paragraph", ["Second one.", "<p>Second</p>", "word " * 300])
    def test_a_second_paragraph_that_is_not_indented(self, paragraph: str) -> None:
        line, column, message = place(make_text(excerpt=f"First one.\n\n{paragraph}", quality="1"))

        assert (line, column) == (10, 1)
        assert "indent it" in message

    def test_three_dots_at_the_end(self) -> None:
        for body in (b"\n# Body\n", b"\nOne\n\n---\n\nTwo\n"):
            data = make_text().rstrip()[:-3] + b"...\n" + body
            assert place(data) == (
                8,
                1,
                "the front matter ends with ... here: write --- instead",
            )

    @pytest.mark.parametrize(
        ("data", "reason", "words"),
        [
            (b'+++\ntitle = "A"\n+++\n', "TOML front matter", "this is TOML front matter"),
            (b'{\n "title": "A"\n}\n', "JSON front matter", "this is JSON front matter"),
            (b"# Read me\n", "no front matter", "expected a first line of three hyphens"),
            (b"", "no front matter", "expected a first line of three hyphens"),
            (b"\xff\xfeA\0", "no front matter", "is not UTF-8"),
            (b"---\nlayout: home\n---\n", "neither publishedDateTime nor provider", "missing key"),
            (b"---\n---\n", "neither publishedDateTime nor provider", "expected keys and values"),
            (
                make_text(heat="5"),
                "heat or published without quality",
                "add quality or remove heat",
            ),
        ],
    )
    def test_files_that_are_not_news_documents(self, data: bytes, reason: str, words: str) -> None:
        with pytest.raises(NotNewsError) as caught:
            parse("a.md", data)

        assert caught.value.reason == reason
        assert words in caught.value.message
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
        assert (again.reason, again.more) == (reason, caught.value.more) or again.more

    def test_front_matter_that_begins_is_an_error(self) -> None:
        for data in (b"---\ntitle: [a\n---\n", b"---\ntitle: a\n", b"\n---\nlayout: a\n---\n"):
            with pytest.raises(DocumentError) as caught:
                parse("a.md", data)
            assert not isinstance(caught.value, NotNewsError)

    @pytest.mark.parametrize("key", ["date", "PublishedDateTime", "published_date_time", "pubDate"])
    def test_a_key_of_another_name(self, key: str) -> None:
        data = make_text().replace(b"publishedDateTime", key.encode())
        line, column, message = place(data)

        assert (line, column) == (3, 1)
        assert f"write {key} as publishedDateTime" in message

    @pytest.mark.parametrize(
        "title",
        [
            *(r"\u200b", r"\u00ad \u2060", r"\u3164", r"\u2065", r"\u0301", r"\u202e", r"\x12"),
            *("&nbsp;", "&#8203;", "&#129;", "&#x1b;"),
        ],
    )
    def test_an_invisible_title_or_name(self, title: str) -> None:
        message = "expected some text, found nothing that can be seen"
        assert place(make_text(title=f'"{title}"')) == (2, 8, message)
        data = make_text().replace(b"name: Daily Example", f'name: "{title}"'.encode())
        assert place(data)[:2] == (6, 9)


class TestLanguage:
    @pytest.mark.parametrize("language", ["es", "pt-BR", "zh-Hant-TW", "no"])
    def test_is_read_and_comes_after_the_type(self, language: str) -> None:
        document, warnings = read(make_text(type="article", language=language, quality="5"))
        assert (document.language, warnings) == (language, [])

        data = make_text(type="article", quality="5")
        revised = revise(data, replace(parse("a.md", data), language=language))
        assert b"type: article\nlanguage: " in revised
        assert parse("a.md", revised).language == language


@pytest.mark.skipif(
    not CASES.is_dir(), reason="needs the cases: name their folder in NEWSROOM_CASES"
)
class TestCases:
    @pytest.mark.parametrize(
        "path", sorted((CASES / "messages").glob("*.md")), ids=lambda p: p.stem
    )
    def test_messages_do_not_quote_the_library(self, path: Path) -> None:
        message = place(path.read_bytes())[2]

        assert not any(word in message for word in ("while", "token", "scanning", "expected '"))


@pytest.mark.skipif(not HUB.is_dir(), reason="needs the hub: name its folder in NEWSROOM_HUB")
class TestHub:
    def test_all_documents_are_written_byte_for_byte(self) -> None:
        paths = sorted((HUB / "_news").glob("*.md"))

        assert len(paths) == 783
        for path in paths:
            data = path.read_bytes()
            assert revise(data, parse(path.name, data)) == data
