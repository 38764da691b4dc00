"""Which words are looked up to find candidates."""

from __future__ import annotations

from articles.suggestions.candidates import MOST_ENTRIES, MOST_WORDS, rarest


def test_the_rarest_words_until_there_are_too_many_entries() -> None:
    counts = {"ylva": 2, "storm": 40, "aarhus": 40, "floods": MOST_ENTRIES - 82, "the": 1}
    words = {"the", "floods", "storm", "aarhus", "ylva", "new"}
    # "new" is in no other article.
    assert rarest(words, counts) == ["new", "the", "ylva", "aarhus", "storm"]
    counts["floods"] -= 1
    assert rarest(words, counts) == ["new", "the", "ylva", "aarhus", "storm", "floods"]


def test_no_more_than_some_words() -> None:
    words = [f"word{number:03}" for number in range(MOST_WORDS + 5)]
    assert rarest(words, {}) == words[:MOST_WORDS]


def test_at_least_one() -> None:
    assert rarest({"the", "of"}, {"the": MOST_ENTRIES + 2, "of": MOST_ENTRIES + 1}) == ["of"]
