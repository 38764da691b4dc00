"""The three-way merge is checked against a one-line model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from articles.importing import snapshot
from articles.importing.snapshot import Conflict, merge

VALUES = st.sampled_from([None, "", "a", "b", 1, ["x"], ["x", "y"], [["u", 1, None]]])
FIELDS = ("title", "excerpt", "quality", "topics", "images")
STATES = st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES))


class TestMerge:
    @given(before=STATES, source=STATES, editor=STATES)
    def test_takes_changes_of_the_source(
        self, before: snapshot.State, source: snapshot.State, editor: snapshot.State
    ) -> None:
        take, conflicts = merge(before, source, editor)
        for name in FIELDS:
            old, theirs, ours = before[name], source[name], editor[name]
            clash = old != theirs and old != ours and theirs != ours
            assert (name in take) == (old == ours != theirs)
            assert take.get(name, theirs) == theirs
            assert [c for c in conflicts if c.field == name] == (
                [Conflict(name, old, theirs, ours)] if clash else []
            )

    @given(before=STATES, source=STATES)
    def test_without_edits_returns_the_source(
        self, before: snapshot.State, source: snapshot.State
    ) -> None:
        take, conflicts = merge(before, source, before)
        assert {**before, **take} == source
        assert conflicts == []

    @given(before=STATES, editor=STATES)
    def test_without_a_newer_source_changes_nothing(
        self, before: snapshot.State, editor: snapshot.State
    ) -> None:
        assert merge(before, before, editor) == ({}, [])

    @given(before=STATES, both=STATES)
    def test_equal_changes_are_not_a_conflict(
        self, before: snapshot.State, both: snapshot.State
    ) -> None:
        assert merge(before, both, both) == ({}, [])
