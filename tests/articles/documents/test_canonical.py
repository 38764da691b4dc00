"""The fast reader of canonical documents agrees with the general reader, or declines."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from articles.documents import ArticleDocument, DocumentError, write
from articles.documents.canonical import read_canonical
from articles.documents.frontmatter import Node, read_mapping
from articles.documents.source import Source
from articles.sample_documents import generate
from tests.articles.documents.documents import SEEDS
from tests.articles.documents.strategies import DOCUMENTS, TRICKY

SEED_LINES = [line for path in SEEDS for line in path.read_text("utf-8").splitlines()[1:-2]]
# Lines that a person or a broken tool might write.
ODD_LINES = [
    "", "title:", "title: ", "title: a: b", "- a", "  - a", "    - a", "  -", "- a: b", "-a",
    "  - - a", "a b: c", "topics: []", "quality: 1 # one", "quality: -1", "quality: - 1", "a:b",
    'title: "a" b', 'title: "a\\x00"', 'title: "a\\ud800"', 'title: "\\q"', 'title: "\\x4a\\u00e9"',
    "title: 'a'", "title: |", "title: >-", "title: ~", "\ttitle: a", "title: \ta", "title:  a",
    "  name: a", "      name: a", "? a", "%a: b", "&a: b", "<<: a", "a: *a", "a: !b c", "...",
    "key: it's - a (b) c/d", "key: a -b", "key: a #b", "key: 2020-01-01T00:00:00Z", "key: x  y",
]  # fmt: skip


def source_of(yaml: str) -> Source:
    return Source("x.md", f"---\n{yaml}---\n".encode())


def plain_values(node: Node) -> Any:
    value = node.value
    if isinstance(value, dict):
        return [(key, plain_values(child)) for key, child in value.items()]
    if isinstance(value, list):
        return [plain_values(child) for child in value]
    return (value, node.plain)


def agree(source: Source) -> bool:
    """Compare the fast reader with the general one; return False if the fast one declines."""
    fast = read_canonical(source)
    if fast is None:
        return False
    assert plain_values(fast) == plain_values(read_mapping(source))
    return True


class TestReadCanonical:
    def test_reads_the_seeds_and_samples(self) -> None:
        for path in SEEDS:
            assert agree(Source(path.name, path.read_bytes()))
        read = [agree(Source(name, data)) for name, data in generate(200, 3)]
        # Documents with unknown keys or odd bodies may take the slow path, but most must not.
        assert sum(read) > 190

    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_agrees_on_every_written_document(self, document: ArticleDocument) -> None:
        agree(Source("x.md", write(document)))

    @settings(deadline=None, max_examples=400)
    @given(st.lists(st.sampled_from(SEED_LINES + ODD_LINES), max_size=12))
    def test_agrees_or_declines_for_any_lines(self, lines: list[str]) -> None:
        try:
            source = source_of("".join(f"{line}\n" for line in lines))
        except DocumentError:
            return
        fast = read_canonical(source)
        # Both readers refuse an empty text, each in its own way.
        if fast is not None and fast.value:
            assert plain_values(fast) == plain_values(read_mapping(source))

    @settings(deadline=None, max_examples=400)
    @given(
        st.sampled_from(TRICKY), st.sampled_from(["key: {}", 'key: "{}"', "list:\n  - {}", "{}: a"])
    )
    def test_agrees_or_declines_for_any_value(self, value: str, form: str) -> None:
        try:
            source = source_of(form.format(value) + "\n")
        except DocumentError:
            return
        fast = read_canonical(source)
        if fast is not None:
            assert plain_values(fast) == plain_values(read_mapping(source))

    def test_leaves_a_repeated_key_to_the_other_reader(self) -> None:
        assert read_canonical(source_of("a: b\na: c\n")) is None

    def test_leaves_a_key_without_value_to_the_other_reader(self) -> None:
        assert read_canonical(source_of("a: b\nc:\n")) is None
