"""Splitting a file into front matter and body, and parsing YAML into nodes with positions."""

import pytest

from articles.documents import MAX_BYTES, DocumentError, parse
from articles.documents.frontmatter import Node, plain_kind, read_mapping
from articles.documents.problems import shown
from articles.documents.source import MAX_WARNINGS, Source
from tests.articles.documents.documents import make_text


class TestDocumentError:
    def test_text_has_the_form_path_line_column(self) -> None:
        error = DocumentError("seeds/a.md", 3, 8, "expected some text")

        assert str(error) == "seeds/a.md:3:8: expected some text"
        assert (error.path, error.line, error.column) == ("seeds/a.md", 3, 8)
        assert error.message == "expected some text"

    def test_has_no_others_by_default(self) -> None:
        assert DocumentError("a.md", 1, 1, "wrong").more == ()

    def test_a_path_cannot_forge_a_line(self) -> None:
        error = DocumentError("a\nb.md:1:1: fine\x1b[0m", 1, 1, "wrong")

        assert str(error) == r"a\nb.md:1:1: fine\x1b[0m:1:1: wrong"
        assert error.path == "a\nb.md:1:1: fine\x1b[0m"

    def test_a_path_in_any_script_is_shown_as_it_is(self) -> None:
        assert (
            str(DocumentError("nouvelles/été 日本.md", 1, 2, "x")) == "nouvelles/été 日本.md:1:2: x"
        )

    def test_warnings_of_a_document_are_limited(self) -> None:
        topics = "\ntopics:\n" + "  - 5\n" * (3 * MAX_WARNINGS)

        assert len(parse("a.md", make_text(type=f"article{topics}")).warnings) == MAX_WARNINGS

    def test_more_is_in_the_order_of_the_lines(self) -> None:
        text = b"---\npublishedDateTime: soon\ntitle: 7\nprovider: 8\n---\n"

        with pytest.raises(DocumentError) as caught:
            parse("a.md", text)

        lines = [error.line for error in (caught.value, *caught.value.more)]
        assert lines == [2, 2, 3, 4]

    def test_warnings_are_in_the_order_of_the_lines(self) -> None:
        document = parse("a.md", make_text(heat="warm", quality="high", category="7"))

        assert [warning.line for warning in document.warnings] == [9, 10]


class TestSource:
    def test_cuts_front_matter_from_body(self) -> None:
        source = Source("a.md", b"---\na: 1\n---\nBody.\n")

        assert (source.yaml, source.body) == ("a: 1\n", "Body.\n")

    def test_fences_may_have_spaces_after_them(self) -> None:
        source = Source("a.md", b"--- \na: 1\n---\t \nBody.\n")

        assert (source.opening, source.yaml, source.closing) == ("--- \n", "a: 1\n", "---\t \n")

    def test_the_closing_line_may_be_the_last_without_a_line_end(self) -> None:
        source = Source("a.md", b"---\na: 1\n---")

        assert (source.yaml, source.closing, source.body) == ("a: 1\n", "---", "")

    def test_line_that_starts_like_a_fence_is_no_fence(self) -> None:
        source = Source("a.md", b"---\na: 1\n---- x\nb: 2\n---\n")

        assert source.yaml == "a: 1\n---- x\nb: 2\n"

    def test_the_body_may_hold_a_rule(self) -> None:
        assert Source("a.md", b"---\na: 1\n---\none\n---\ntwo\n").body == "one\n---\ntwo\n"

    def test_windows_line_ends_become_newlines_and_are_remembered(self) -> None:
        source = Source("a.md", b"---\r\na: 1\r\n---\r\nBody.\r\n")

        assert (source.yaml, source.body, source.line_end) == ("a: 1\n", "Body.\n", "\r\n")

    def test_without_fences_all_is_yaml(self) -> None:
        source = Source("a.yaml", b"a: 1\n", fenced=False)

        assert (source.yaml, source.body, source.first_line) == ("a: 1\n", "", 1)

    def test_the_largest_document_is_read(self) -> None:
        head, tail = b"---\na: 1\n---\n", b"\n"
        data = head + b"x" * (MAX_BYTES - len(head) - len(tail)) + tail

        assert len(Source("a.md", data).body) == MAX_BYTES - len(head)


def tree(node: Node) -> object:
    """Convert nodes to plain values."""
    if isinstance(node.value, dict):
        return {key: tree(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [tree(child) for child in node.value]
    return node.value


def read(text: str) -> object:
    return tree(read_mapping(Source("a.yaml", text.encode(), fenced=False)))


class TestReadMapping:
    def test_values_stay_strings(self) -> None:
        assert read("a: 1\nb: yes\nc: 2020-01-01\nd:\n") == {
            "a": "1",
            "b": "yes",
            "c": "2020-01-01",
            "d": "",
        }

    def test_lists_and_mappings_nest(self) -> None:
        assert read("a:\n  - b: [1, {c: 2}]\n    d: x\n  - []\ne: {}\n") == {
            "a": [{"b": ["1", {"c": "2"}], "d": "x"}, []],
            "e": {},
        }

    def test_styles_of_text_are_all_read(self) -> None:
        text = "a: one\n  two\nb: 'it''s'\nc: \"x\\ty\"\nd: |\n  one\n  two\ne: >-\n  one\n  two\n"

        assert read(text) == {
            "a": "one two",
            "b": "it's",
            "c": "x\ty",
            "d": "one\ntwo\n",
            "e": "one two",
        }

    def test_a_quoted_merge_sign_is_a_key_like_any_other(self) -> None:
        assert read('"<<": a\n') == {"<<": "a"}

    def test_comments_are_ignored(self) -> None:
        assert read("# one\na: 1  # two\n# three\n") == {"a": "1"}

    def test_one_document_between_yaml_markers_is_read(self) -> None:
        assert read("---\na: 1\n...\n") == {"a": "1"}

    @pytest.mark.parametrize("line_break", ["\x85", "\u2028", "\u2029"])
    def test_only_newlines_break_lines(self, line_break: str) -> None:
        # YAML 1.1 treats these three as line breaks, and would fold each into a space.
        text = f'a{line_break}b: x{line_break}y\nc: "x{line_break}y"\nd: |\n  x{line_break}y\n'

        value = f"x{line_break}y"
        assert read(text) == {f"a{line_break}b": value, "c": value, "d": f"{value}\n"}

    def test_private_use_characters_survive_beside_line_separators(self) -> None:
        text = 'a: "\U000f0000\u2028"\nb: "\\U000F0001\u2029"\nc: "\\U000f0002\x85"\n'

        assert read(text) == {
            "a": "\U000f0000\u2028",
            "b": "\U000f0001\u2029",
            "c": "\U000f0002\x85",
        }

    def test_nodes_know_their_place(self) -> None:
        root = read_mapping(Source("a.yaml", "é: 😀\nbc:   x\n".encode(), fenced=False))

        assert isinstance(root.value, dict)
        assert [(node.key_index, node.index) for node in root.value.values()] == [(0, 3), (5, 11)]

    def test_accepts_32_levels_but_not_33(self) -> None:
        read("a: " + "[" * 31 + "]" * 31)

        with pytest.raises(DocumentError, match="nested deeper than 32 levels"):
            read("a: " + "[" * 32 + "]" * 32)

    def test_accepts_20000_events_but_not_20001(self) -> None:
        # Events other than items: start and end of stream, document, mapping and list, and the key.
        items = 20_000 - 9
        read("a: [" + "1," * items + "]")

        with pytest.raises(DocumentError, match="more than 20,000 YAML events"):
            read("a: [" + "1," * (items + 1) + "]")

    def test_accepts_keys_of_100_characters_but_not_101(self) -> None:
        assert read("k" * 100 + ": 1") == {"k" * 100: "1"}

        with pytest.raises(DocumentError, match="a key of 101 characters: at most 100"):
            read("k" * 101 + ": 1")


def place(text: str) -> tuple[int, int, str]:
    """Return the position and message of the error in ``text``."""
    with pytest.raises(DocumentError) as caught:
        read(text)
    return (caught.value.line, caught.value.column, caught.value.message)


class TestPlaceOfYamlErrors:
    def test_quotes_closed_by_a_later_line_are_named_where_they_open(self) -> None:
        assert place('a: 1\nb: "one\nc: "two"\n') == (
            2,
            4,
            "not YAML: quotes that are not closed: close them",
        )

    def test_quotes_beside_line_separators_are_named_where_they_open(self) -> None:
        assert place('a: "\u2028"\nb: "one\nc: "two"\n')[:2] == (2, 4)

    def test_quotes_inside_one_line_are_named_where_they_end_too_early(self) -> None:
        assert place('a: "one "two" three"\n')[:2] == (1, 10)

    def test_text_after_brackets_is_named_where_they_open(self) -> None:
        assert place('a: "one\n  two"\nb: [c] d\n')[:2] == (3, 4)

    def test_an_error_before_any_value_is_reported(self) -> None:
        assert place("{}: : a")[0] == 1

    def test_a_key_without_colon_is_reported_on_its_line(self) -> None:
        assert place("b\nc: 1\n")[:2] == (1, 1)

    def test_no_problem_keeps_the_words_of_the_library(self) -> None:
        assert place("a: >x\n") == (
            1,
            4,
            "not YAML: a value cannot begin with >: put the whole value in quotes",
        )


class TestPlainKind:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("", "null"),
            ("~", "null"),
            ("yes", "bool"),
            ("Off", "bool"),
            ("0x1F", "int"),
            ("1:30", "int"),
            ("1.50", "float"),
            ("2020-01-01", "timestamp"),
            ("<<", "merge"),
            ("=", "value"),
            ("9" * 5000, "int"),
            ("1e3", None),
            ("y", None),
            ("word", None),
        ],
    )
    def test_is_the_type_that_yaml_reads(self, text: str, kind: str | None) -> None:
        assert plain_kind(text) == kind


class TestShown:
    def test_short_text_is_shown_whole(self) -> None:
        assert shown("é 日本 “a”") == "é 日本 “a”"

    def test_long_text_is_cut(self) -> None:
        assert shown("x" * 40) == "x" * 40
        assert shown("x" * 41) == "x" * 39 + "…"

    def test_control_characters_are_escaped(self) -> None:
        assert shown("a\nb\x1b[0m\u202e\u2028é") == r"a\nb\x1b[0m\u202e\u2028é"
