"""Characters that XML cannot contain."""

from __future__ import annotations

from articles.site.feeds.formats import clean


class TestClean:
    def test_lone_surrogates(self) -> None:
        assert clean("a\ud800b\udfffc😀") == "abc😀"

    def test_texts_in_lists_and_mappings_are_cleaned(self) -> None:
        assert clean({"a": ["b\0", ("c\0", None, 1)]}) == {"a": ["b", ["c", None, 1]]}
