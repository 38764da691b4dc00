"""YAML text is quoted only where necessary."""

import pytest

from articles.documents.frontmatter import plain_kind
from articles.documents.yaml_text import Extra, Plain, block, double_quoted, plain_or_quoted
from tests.articles.documents.strategies import NOT_STRINGS


class TestDoubleQuoted:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("", '""'),
            ('C:\\ "x"', r'"C:\\ \"x\""'),
            ("a\nb\rc\td", r'"a\nb\rc\td"'),
            ("\x07\x1b\x7f\x85\x9b", r'"\x07\x1b\x7f\x85\x9b"'),
            ("\ufeff\ufffe\uffff", r'"\ufeff\ufffe\uffff"'),
            ("é 日本 😀 “a” \xa0 \u2028 \U000f0000", '"é 日本 😀 “a” \xa0 \u2028 \U000f0000"'),
        ],
    )
    def test_escapes_controls_and_nothing_else(self, text: str, written: str) -> None:
        assert double_quoted(text) == written


class TestPlainOrQuoted:
    @pytest.mark.parametrize(
        "text",
        [
            "AI",
            "Computer Vision",
            "City A.M.",
            "AT&T",
            "C#",
            "a:b",
            "-1a",
            "?a",
            "été",
            "日本",
            "it's",
            "Q&A (live)",
            "a, b",
            "1 a",
            ".example",
            "...a",
        ],
    )
    def test_is_plain_where_that_reads_back(self, text: str) -> None:
        assert plain_or_quoted(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            *NOT_STRINGS,
            "a: b",
            "a #b",
            "#a",
            "- a",
            "-",
            "? a",
            "&a",
            "*a",
            "!a",
            "@a",
            "`a",
            "%a",
            "|",
            ">",
            "[a]",
            "{a}",
            '"a"',
            "'a'",
            " a",
            "a ",
            "a:",
            "a\nb",
            "a\tb\t",
            "\ufeff",
            "a\u2028b",
            "a\x85b",
        ],
    )
    def test_is_quoted_if_plain_text_would_read_back_differently(self, text: str) -> None:
        assert plain_or_quoted(text) == double_quoted(text)

    def test_values_that_yaml_reads_as_other_types(self) -> None:
        assert [text for text in NOT_STRINGS if plain_kind(text) is None] == []


class TestPlain:
    def test_differs_from_the_same_text_in_quotes(self) -> None:
        assert Plain("1.50") == Plain("1.50")
        assert Plain("1.50") != Plain("1.5")
        assert Plain("1.50") != "1.50"
        text: str = "1.50"
        assert text != Plain(text)

    def test_can_be_in_a_set(self) -> None:
        assert len({Plain("1"), Plain("1"), Plain("2")}) == 2


class TestBlock:
    @pytest.mark.parametrize(
        ("key", "value", "written"),
        [
            ("a", "b", ['a: "b"']),
            ("a", Plain("1.50"), ["a: 1.50"]),
            ("a", Plain(""), ["a:"]),
            ("a", [], ["a: []"]),
            ("a", {}, ["a: {}"]),
            ("a", ["b", Plain("1")], ["a:", '  - "b"', "  - 1"]),
            ("a", {"b": {"c": "d"}}, ["a:", "  b:", '    c: "d"']),
            ("a", [["b"], []], ["a:", "  -", '    - "b"', "  - []"]),
            ("a", [{"b": "c", "d": []}], ["a:", "  -", '    b: "c"', "    d: []"]),
            ("yes", "b", ['"yes": "b"']),
            ("", "b", ['"": "b"']),
            ("<<", "b", ['"<<": "b"']),
            ("a b", "b", ['a b: "b"']),
            ("a\nb", "b", ['"a\\nb": "b"']),
            ("--- a", "b", ['"--- a": "b"']),
            ("... a", "b", ['"... a": "b"']),
            ("? a", "b", ['"? a": "b"']),
            ("%a", "b", ['"%a": "b"']),
        ],
    )
    def test_writes_any_shape(self, key: str, value: Extra, written: list[str]) -> None:
        assert list(block(key, value, "")) == written

    def test_indents(self) -> None:
        assert list(block("a", {"b": ["c"]}, "  ")) == ["  a:", "    b:", '      - "c"']
