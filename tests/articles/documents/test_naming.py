"""How an article gets its slug."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from articles.documents import dated_stem, parse, slug_for, stem_of
from articles.documents.naming import MAX_SLUG
from tests.articles.documents.documents import make_text

NOON = datetime(2020, 8, 21, 12, 0, tzinfo=UTC)
URL = "https://daily.example/bridge"


class TestSlugFor:
    @pytest.mark.parametrize(
        ("title", "words"),
        [
            ("Council approves the bridge", "council-approves-the-bridge"),
            ("Café déjà vu in São Paulo", "cafe-deja-vu-in-sao-paulo"),
            (
                "\u2018Clear standards\u2019 for “tech”: it's here",
                "clear-standards-for-tech-its-here",
            ),
            ("  AI -- what  now?  ", "ai-what-now"),
            ("C++ & C#: 50% off!", "c-c-50-off"),
            ("a_b/c.d", "abcd"),
            ("ﬁve ½ №", "five-12-no"),
            ("日本 AI 2020", "ai-2020"),
            ("tab\there", "tabhere"),
        ],
    )
    def test_is_the_title_in_ascii_letters_digits_and_hyphens(self, title: str, words: str) -> None:
        assert slug_for(title, NOON, URL) == f"2020-08-21-{words}"

    @pytest.mark.parametrize("title", ["日本", "?!", "-", "—"])
    def test_without_a_letter_is_a_digest_of_the_url(self, title: str) -> None:
        slug = slug_for(title, NOON, URL)

        assert slug == "2020-08-21-5f7dd05b"
        assert slug != slug_for(title, NOON, URL + "-2")

    def test_a_long_title_is_cut_at_a_word(self) -> None:
        slug = slug_for("bridge " * 100, NOON, URL)

        assert slug == "2020-08-21-" + "-".join(["bridge"] * 28)
        assert len("-".join(["bridge"] * 29)) > MAX_SLUG

    def test_a_title_that_just_fits_is_not_cut(self) -> None:
        title = "a " * 99 + "bc"

        assert slug_for(title, NOON, URL) == "2020-08-21-" + title.replace(" ", "-")
        assert slug_for(f"{title} d", NOON, URL) == "2020-08-21-" + title.replace(" ", "-")
        assert slug_for(f"{title}d", NOON, URL) == "2020-08-21-" + "-".join("a" * 99)

    def test_a_long_word_is_cut_anywhere(self) -> None:
        assert slug_for("x" * 300, NOON, URL) == "2020-08-21-" + "x" * MAX_SLUG

    def test_the_date_is_in_utc(self) -> None:
        in_taipei = datetime(2020, 8, 22, 3, 0, tzinfo=timezone(timedelta(hours=8)))

        assert slug_for("Bridge", in_taipei, URL) == "2020-08-21-bridge"


class TestDatedStem:
    @pytest.mark.parametrize(
        "path",
        ["2020-08-21-bridge.md", "seeds/2020/2020-08-21-Bridge_2.markdown", "2020-02-29-leap.txt"],
    )
    def test_is_the_name_without_its_ending(self, path: str) -> None:
        assert dated_stem(path) == path.rpartition("/")[2].rpartition(".")[0]

    @pytest.mark.parametrize(
        "path",
        [
            "000_02f8.txt",
            "2020-08-21.md",
            "2020-08-21-.md",
            "2020-02-30-bridge.md",
            "0000-08-21-bridge.md",
            "2020-8-21-bridge.md",
            "x2020-08-21-bridge.md",
            "2020-08-21-bridge and more.md",
            "2020-08-21-été.md",
            "\uff12\uff10\uff12\uff10-08-21-bridge.md",
            "2020-08-21-bridge.md/other.md",
            f"2020-08-21-{'x' * 300}.md",
        ],
    )
    def test_is_none_for_any_other_name(self, path: str) -> None:
        assert dated_stem(path) is None


class TestStemOf:
    def test_a_dated_name_wins_over_the_title(self) -> None:
        document = parse("x.md", make_text())

        assert stem_of("seeds/2020-08-22-another.md", document) == "2020-08-22-another"

    def test_any_other_name_takes_the_computed_slug(self) -> None:
        document = parse("x.md", make_text())

        assert stem_of("000_02f8.txt", document) == "2020-08-21-council-approves-the-bridge"
