"""Property tests: writing a document and reading it back returns the same document."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from articles.documents import ArticleDocument, DocumentError, parse, revise, write
from tests.articles.documents.documents import SEEDS
from tests.articles.documents.strategies import DOCUMENTS, TRICKY

REAL = [path.read_bytes() for path in SEEDS]
REAL += [data.replace(b"\n", b"\r\n") for data in REAL]


class TestWriteAndParse:
    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_a_written_document_reads_back_as_the_same_value(
        self, document: ArticleDocument
    ) -> None:
        assert parse("x.md", write(document)) == document

    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_the_canonical_form_is_stable(self, document: ArticleDocument) -> None:
        data = write(document)

        assert write(parse("x.md", data)) == data

    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_the_order_of_unknown_keys_is_kept(self, document: ArticleDocument) -> None:
        assert list(parse("x.md", write(document)).extra) == list(document.extra)


@st.composite
def successors(draw: st.DrawFn, before: ArticleDocument) -> ArticleDocument:
    """Draw a later version of ``before``: unknown keys keep their order, and new ones follow."""
    after = draw(DOCUMENTS)
    kept = {
        key: draw(st.sampled_from([before.extra[key], after.extra.get(key, before.extra[key])]))
        for key in before.extra
        if draw(st.booleans())
    }
    new = {key: value for key, value in after.extra.items() if key not in before.extra}
    changed = replace(after, extra={**kept, **new}, line_end=before.line_end)
    fields = draw(st.sets(st.sampled_from(["title", "topics", "extra", "secured", "excerpt"])))
    partly = replace(before, **{name: getattr(changed, name) for name in fields})
    return changed if draw(st.booleans()) else partly


class TestRevise:
    @settings(deadline=None)
    @given(st.data())
    def test_a_revised_canonical_document_is_the_canonical_new_one(
        self, data: st.DataObject
    ) -> None:
        before = data.draw(DOCUMENTS)
        after = data.draw(successors(before))

        revised = revise(write(before), after)

        assert parse("x.md", revised) == after
        # Equal documents may order nested unknown keys differently; nothing needs to change.
        assert revised == write(before if before == after else after)

    @settings(deadline=None)
    @given(DOCUMENTS, DOCUMENTS)
    def test_any_document_can_become_any_other(
        self, before: ArticleDocument, after: ArticleDocument
    ) -> None:
        assert parse("x.md", revise(write(before), after)) == after

    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_an_unchanged_document_keeps_every_byte(self, document: ArticleDocument) -> None:
        data = write(document)

        assert revise(data, document) == data


def read(data: bytes) -> ArticleDocument | None:
    """Read ``data``; check that errors have a position and accepted documents can be written."""
    try:
        document = parse("x.md", data)
    except DocumentError as error:
        refused = error
    else:
        check_accepted(data, document)
        return document
    for mistake in (refused, *refused.more):
        assert 1 <= mistake.line <= data.count(b"\n") + 1
        assert mistake.column >= 1
        assert str(mistake).isprintable()
    return None


def check_accepted(data: bytes, document: ArticleDocument) -> None:
    """Check that a readable document can be written and revised."""
    assert parse("x.md", write(document)) == document
    assert revise(data, document) == data
    renamed = replace(document, title="Another title")
    assert parse("x.md", revise(data, renamed)) == renamed


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A real document in which a few byte ranges are overwritten, removed or repeated."""
    data = draw(st.sampled_from(REAL))
    splices = [text.encode(errors="surrogatepass") for text in TRICKY]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 20)))
        inserted = draw(
            st.binary(max_size=4) | st.sampled_from(splices) | st.just(data[start:end] * 2)
        )
        data = data[:start] + inserted + data[end:]
    return data


class TestDamagedDocuments:
    @settings(deadline=None, max_examples=300)
    @given(mutations())
    def test_a_mutation_is_read_or_refused_by_a_document_error(self, data: bytes) -> None:
        read(data)

    @settings(deadline=None)
    @given(st.sampled_from(REAL), st.data())
    def test_a_truncated_front_matter_is_refused(self, whole: bytes, data: st.DataObject) -> None:
        end = data.draw(st.integers(0, whole.rindex(b"---") + 2))

        assert read(whole[:end]) is None

    @settings(deadline=None)
    @given(st.sampled_from(REAL), st.sampled_from(REAL), st.data())
    def test_two_documents_spliced_are_read_or_refused_by_a_document_error(
        self, first: bytes, second: bytes, data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(0, len(first)))

        read(first[:cut] + second)

    @settings(deadline=None, max_examples=300)
    @given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
    def test_anything_between_fences_is_read_or_refused_by_a_document_error(
        self, data: bytes
    ) -> None:
        read(b"---\n" + data + b"\n---\n")
        read(data)
