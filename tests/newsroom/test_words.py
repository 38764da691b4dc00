"""The words of a text, as search stores them."""

from __future__ import annotations

import sys
from random import Random
from typing import Final

import pytest

from articles.migrations.frozen import stems as frozen_stems
from articles.migrations.frozen import words as frozen
from newsroom import stems, words
from newsroom.plain_text import decoded
from newsroom.stored_words import without_stems, words_of

SCRIPTS: Final = [
    *((0x20, 0x250), (0x300, 0x370), (0x5D0, 0x6F0), (0x900, 0x980), (0xE00, 0xF00)),
    *((0x1000, 0x1200), (0x1780, 0x1800), (0x1B00, 0x1B80), (0x200B, 0x2040), (0x3000, 0x3130)),
    *((0x4E00, 0x4E20), (0xAC00, 0xAC20), (0xFB00, 0xFE10), (0xFF00, 0xFFF0)),
]


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Council's  54.1 on-demand", "council s 54 1 on demand"),
            ("Soft\u00adhyphen zero\u200bwidth word\u2060joiner \ufeffmark", "softhyphen zerowidth wordjoiner mark"),
            ("Caf\u00e9 Cafe\u0301 CAFÉ", "cafe cafe cafe"),
            ("ﬁnance ﬂow ＦＵＬＬ２", "finance flow full2"),
            ("Straße STRASSE Œuvre æon Øre Łódź", "strasse strasse oeuvre aeon ore lodz"),
            ("Ёлка елка Й", "елка елка и"),
            ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
            ("ὈΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("كِتَابٌ كتـــاب أحمد کتاب", "كتاب كتاب احمد كتاب"),
            ("שָׁלוֹם", "שלום"),
            ("हिन्दी", "हिन्दी"),
            ("東京大学2020年", "東京 京大 大学 学 2020 年"),
            ("ｶﾞｷﾞ が か\u3099", "ガギ ギ が が"),
            ("ไทย", "ไท ทย ย"),
            ("서울에서 \u1112\u1161\u11ab", "서울에서 한"),
            ("iPhone™ m² ½", "iphone m2 1 2"),
            ("C++ C# .NET AT&T O\u2019Reilly O\u02bcReilly", "c c net at t o reilly o reilly"),
            ("COVID-19 gpt4 1️⃣", "covid 19 gpt4 1"),
            ("ﷺ", "صلى الله عليه وسلم"),
            (f"{words.MARK}l a{words.MARK}b", "l a b"),
            ("\0 \ud800 \U000e0001 — 👍🏽", ""),
        ],
    )  # fmt: skip
    def test_of_a_text(self, text: str, expected: str) -> None:
        assert words.stored(text) == expected
        assert frozen.words_of(text) == expected

    def test_entities_are_decoded_as_on_pages(self) -> None:
        assert (
            words_of("AT&amp;T Caf&eacute;")
            == frozen.words_of("AT&amp;T Caf&eacute;")
            == "at t cafe"
        )

    @pytest.mark.parametrize(
        ("locale", "text", "expected"),
        [
            ("en-us", "Drones, drone AT&amp;T's 12 gpt4", "en:drone"),
            ("EN", "Cafés cafe\u0301 ﬁnances", "en:cafe en:financ"),
            ("nb-NO", "Hester", "no:hest"),
            ("ru", "Ёлки новый Й", "ru:елк ru:нов"),
            ("tr", "İSTANBUL kitaplar", "tr:istanbul tr:kitap"),
            ("en", "東京tower 東京", "en:tower"),
            ("tlh", "Drones", ""),
            ("", "Drones", ""),
            ("en", f"{'x' * 41} {'ﷺ' * 3} \U0010ffff ½", None),
        ],
    )
    def test_stems(self, locale: str, text: str, expected: str | None) -> None:
        found = stems.stored(decoded(text), locale)
        assert found == frozen_stems.stems_of(text, locale)
        if expected is not None:
            assert found == " ".join(
                f"{stems.STEM}{one.replace(':', '')}" for one in expected.split()
            )
        assert without_stems(words_of(text, locale)) == words.stored(decoded(text))

    def test_are_bounded(self) -> None:
        assert words.words("x" * 1_000) == ["x" * words.LONGEST_WORD]
        assert len(words.words("é " * words.LONGEST_TEXT)) == words.LONGEST_TEXT // 2

    def test_every_character_becomes_letters_or_a_space(self) -> None:
        for code in range(sys.maxunicode + 1):
            plain = words._LETTERS[code]
            signs = [one for one in plain if one.isascii() and not one.isalnum() and one != " "]
            assert not signs, hex(code)
            assert words.MARK not in plain

    def test_places_of_latin_letters_are_those_of_any_letters(self) -> None:
        random = Random(6)
        letters = [chr(code) for code in range(0x250)] + [*"–—’“”…"]
        for _ in range(2_000):
            text = "".join(random.choices(letters, k=random.randint(1, 8)))
            # One Greek letter at the end, and each character is looked at.
            *found, last = words.spans(f"{text} α")
            assert list(words.spans(text)) == found, ascii(text)
            assert last.word == "α"

    def test_places_are_those_of_the_words(self) -> None:
        random = Random(5)
        letters = [chr(code) for first, last in SCRIPTS for code in range(first, last)]
        for _ in range(3_000):
            text = "".join(random.choices(letters, k=random.randint(1, 8)))
            found = list(words.spans(text))
            assert [span.word for span in found] == words.words(text), ascii(text)
            assert all(span.start < span.first_end <= span.end for span in found), ascii(text)
            edges = [(span.start, span.end) for span in found]
            assert edges == sorted(edges), ascii(text)
