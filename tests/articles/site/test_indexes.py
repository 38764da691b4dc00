"""Topics and publishers by letter."""

from __future__ import annotations

from articles.site.indexes import NO_LETTER, by_letter


class TestByLetter:
    def test_ignores_case_and_accents(self) -> None:
        names = ["Zebra", "eBay", "Édition", "Echo", "zoo"]

        assert by_letter(names, str) == [
            ("E", ["eBay", "Echo", "Édition"]),
            ("Z", ["Zebra", "zoo"]),
        ]

    def test_names_without_a_first_letter_come_last(self) -> None:
        assert by_letter(["20 Minuten", "", "🚀", "A"], str) == [
            ("A", ["A"]),
            (NO_LETTER, ["", "20 Minuten", "🚀"]),
        ]

    def test_letters_of_all_scripts(self) -> None:
        assert [letter for letter, _ in by_letter(["日本", "Ωmega", "b"], str)] == ["B", "Ω", "日"]
