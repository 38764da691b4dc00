"""The conditions of PostgreSQL, as text; ``test_languages.py`` asks the database."""

from __future__ import annotations

import pytest

from articles.search import parse
from articles.search.match_syntax import Tier, postgresql

INDEX = "a.search @@ %s::tsquery"
TITLE = "strpos(concat(' ', a.title_words, ' '), %s) > 0"
TEXT = "strpos(concat(' ', a.title_words, ' \u02ac ', a.excerpt_words, ' '), %s) > 0"
ANY = TEXT.replace(", ' ')", ", ' \u02ac ', a.filed_under, ' ')")


@pytest.mark.parametrize(
    ("asked", "tier", "sql", "values"),
    [
        ('"bridge"', Tier.ANY, f"({INDEX})", ["(('bridge') | ('\u02acnbridge'))"]),
        ("bridge", Tier.HEADLINE, f"({INDEX})", ["('\u02achbridge')"]),
        ("bridge", Tier.TEXT, f"({INDEX})", ["('bridge') & !(('\u02achbridge'))"]),
        (
            "bridge -old",
            Tier.NAMES,
            f"({INDEX})",
            [
                "(('bridge') | ('\u02acnbridge')) & !((('old') | ('\u02acnold'))) & !(('bridge'))",
            ],
        ),
        (
            "жилы",
            Tier.ANY,
            f"({INDEX})",
            ["(('жилы') | ('\u02acnжилы') | '\u02acsruжил')"],
        ),
        (
            "жилы",
            Tier.HEADLINE_STEMS,
            f"({INDEX})",
            [
                "(('\u02achжилы') | '\u02ach\u02acsruжил') & !((('жилы') | ('\u02acnжилы')))",
            ],
        ),
        (
            "жилы",
            Tier.STEMS,
            f"({INDEX})",
            [
                (
                    "(('жилы') | ('\u02acnжилы') | '\u02acsruжил') "
                    "& !((('\u02achжилы') | '\u02ach\u02acsruжил')) "
                    "& !((('жилы') | ('\u02acnжилы')))"
                ),
            ],
        ),
        (
            '"bridge opens"',
            Tier.HEADLINE,
            f"({INDEX} AND {TITLE})",
            ["('\u02achbridge' & '\u02achopens')", " bridge opens "],
        ),
        (
            '"bridge opens"',
            Tier.TEXT,
            f"({INDEX} AND {TEXT} AND NOT ({INDEX} AND {TITLE}))",
            [
                *("('bridge' & 'opens')", " bridge opens "),
                *("('\u02achbridge' & '\u02achopens')", " bridge opens "),
            ],
        ),
        (
            '-"old town" -new',
            Tier.ANY,
            f"(({INDEX}) OR ({INDEX} AND {ANY}))",
            [
                "(('new') | ('\u02acnnew'))",
                "(('old' & 'town') | ('\u02acnold' & '\u02acntown'))",
                " old town ",
            ],
        ),
    ],
)
def test_condition(asked: str, tier: Tier, sql: str, values: list[str]) -> None:
    assert postgresql(parse(asked, is_typing=False), tier, "a") == (sql, values)
