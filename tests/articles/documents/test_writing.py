"""Writing the canonical form, and changing an existing file as little as possible."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.documents import (
    ArticleDocument,
    Desk,
    DocumentImage,
    DocumentProvider,
    RelatedEntry,
    iso,
    parse,
    revise,
    write,
)
from articles.documents.yaml_text import Plain
from tests.articles.documents.documents import SEEDS, make_text

NOON = datetime(2020, 8, 21, 12, 0, tzinfo=UTC)
IMAGE = DocumentImage(
    url="https://daily.example/a.jpg",
    width=640,
    height=480,
    title="The bridge",
    attribution="Daily",
    is_cached=False,
    extra={"focus": ["left", Plain("1")]},
)
PROVIDER = DocumentProvider(
    name="Daily: Example", domain="daily.example", images=(IMAGE,), extra={"id": "7"}
)
ENTRY = RelatedEntry(
    title='A "second" report',
    published_at=NOON,
    provider=DocumentProvider(name="Evening", domain="1.5"),
    excerpt="",
    original_url="https://evening.example/o",
    web_url="https://evening.example/w",
    amp_url="https://evening.example/a",
    cdn_amp_url="https://evening.example/c",
    type="video",
    quality=0,
    images=(DocumentImage(url="https://evening.example/a.jpg"),),
    extra={"match": "loose"},
)
FULL = ArticleDocument(
    title="Council\tapproves",
    published_at=NOON,
    provider=PROVIDER,
    category="news",
    excerpt="One\ntwo",
    updated_at=datetime(2020, 8, 21, 13, 0, 0, 500_000, tzinfo=UTC),
    original_url="https://daily.example/o",
    web_url="https://daily.example/w",
    amp_url="https://daily.example/a",
    cdn_amp_url="https://daily.example/c",
    type="article",
    quality=53,
    heat=-1,
    published=True,
    featured_content="<iframe></iframe>",
    topics=("AI", "no", "C#"),
    images=(IMAGE, DocumentImage(url="https://daily.example/b.jpg")),
    related=(ENTRY,),
    desk=Desk(
        decision="hold",
        until=NOON,
        reason='Says "maybe"',
        begin=NOON,
        end=NOON + timedelta(days=1),
        pinned=True,
        accepted=("https://evening.example/w",),
        refused=("https://a.example/1", "https://a.example/2"),
        extra={"desk": "north"},
    ),
    secured="QUJD;REVG",
    extra={"note": {"a b": [], "--- c": {}, "d": Plain("")}},
    body="\nThe body.\n",
)
FULL_TEXT = r"""---
category: news
title: "Council\tapproves"
excerpt: "One\ntwo"
publishedDateTime: 2020-08-21T12:00:00Z
updatedDateTime: 2020-08-21T13:00:00.500000Z
originalUrl: "https://daily.example/o"
webUrl: "https://daily.example/w"
ampWebUrl: "https://daily.example/a"
cdnAmpWebUrl: "https://daily.example/c"
type: article
quality: 53
heat: -1
published: true

featuredContent: "<iframe></iframe>"

provider:
  name: "Daily: Example"
  domain: daily.example
  images:
    - url: "https://daily.example/a.jpg"
      width: 640
      height: 480
      title: "The bridge"
      attribution: "Daily"
      isCached: false
      focus:
        - "left"
        - 1
  id: "7"

topics:
  - AI
  - "no"
  - C#

images:
  - url: "https://daily.example/a.jpg"
    width: 640
    height: 480
    title: "The bridge"
    attribution: "Daily"
    isCached: false
    focus:
      - "left"
      - 1
  - url: "https://daily.example/b.jpg"

related:
  - title: "A \"second\" report"
    excerpt: ""
    publishedDateTime: 2020-08-21T12:00:00Z
    originalUrl: "https://evening.example/o"
    webUrl: "https://evening.example/w"
    ampWebUrl: "https://evening.example/a"
    cdnAmpWebUrl: "https://evening.example/c"
    type: video
    provider:
      name: Evening
      domain: "1.5"
    quality: 0
    images:
      - url: "https://evening.example/a.jpg"
    match: "loose"

desk:
  decision: hold
  until: 2020-08-21T12:00:00Z
  reason: "Says \"maybe\""
  from: 2020-08-21T12:00:00Z
  to: 2020-08-22T12:00:00Z
  pinned: true
  accepted:
    - "https://evening.example/w"
  refused:
    - "https://a.example/1"
    - "https://a.example/2"
  desk: "north"

secured: "QUJD;REVG"
note:
  a b: []
  "--- c": {}
  d:
---

The body.
"""


class TestWrite:
    def test_every_field_has_its_place_and_form(self) -> None:
        assert write(FULL).decode() == FULL_TEXT

    def test_written_text_reads_back(self) -> None:
        assert parse("a.md", FULL_TEXT.encode()) == FULL

    def test_windows_line_ends_are_used_throughout(self) -> None:
        data = write(replace(FULL, line_end="\r\n"))

        assert data == FULL_TEXT.replace("\n", "\r\n").encode()


class TestIso:
    def test_is_utc_to_the_second(self) -> None:
        in_taipei = datetime(2020, 8, 22, 3, 0, tzinfo=timezone(timedelta(hours=8)))

        assert iso(in_taipei) == "2020-08-21T19:00:00Z"

    def test_keeps_a_fraction(self) -> None:
        assert iso(NOON.replace(microsecond=1)) == "2020-08-21T12:00:00.000001Z"


def change(data: bytes, **fields: object) -> bytes:
    """Revise ``data`` by changing some fields."""
    return revise(data, replace(parse("a.md", data), **fields))  # type: ignore[arg-type]


class TestReviseCanonical:
    def test_one_field_changes_one_line(self) -> None:
        revised = change(FULL_TEXT.encode(), quality=54)

        assert revised.decode() == FULL_TEXT.replace("quality: 53", "quality: 54")

    def test_a_new_desk_comes_before_secured(self) -> None:
        data = make_text(secured="a;b")
        revised = change(data, desk=Desk(pinned=True))

        assert revised == data.replace(b"secured:", b"\ndesk:\n  pinned: true\nsecured:")
        assert change(revised, desk=None) == data

    def test_removed_key_loses_its_blank_line(self) -> None:
        revised = change(FULL_TEXT.encode(), secured=None)

        assert revised.decode() == FULL_TEXT.replace('\nsecured: "QUJD;REVG"\n', "")

    def test_new_key_comes_at_its_canonical_place(self) -> None:
        for key in ("category", "excerpt", "featured_content", "topics", "desk", "secured"):
            bare = replace(FULL, **{key: None if key != "topics" else ()})  # type: ignore[arg-type]

            assert revise(write(bare), FULL) == write(FULL)

    def test_a_new_unknown_key_comes_last(self) -> None:
        revised = change(FULL_TEXT.encode(), extra={**FULL.extra, "--- new": "a"})

        assert revised.decode() == FULL_TEXT.replace("  d:\n", '  d:\n"--- new": "a"\n')

    def test_removed_unknown_key_is_removed(self) -> None:
        revised = change(FULL_TEXT.encode(), extra={})

        assert revised == write(replace(FULL, extra={}))

    def test_the_body_and_the_line_ends_can_change(self) -> None:
        revised = change(FULL_TEXT.encode(), body="\nOther.\n", line_end="\r\n")

        assert revised == FULL_TEXT.replace("The body", "Other").replace("\n", "\r\n").encode()

    def test_a_seed_changes_by_one_line(self) -> None:
        for path in SEEDS:
            before = path.read_bytes().splitlines()
            after = change(path.read_bytes(), heat=99).splitlines()

            changed = [new for old, new in zip(before, after, strict=True) if old != new]
            assert changed == [b"heat: 99"]


TITLES = [
    ["title: Council approves the bridge"],
    ["title: 'Council approves the bridge'"],
    ["title: Council approves the bridge  # working title"],
    ['"title": "Council approves', '  the bridge"'],
    ["title: >-", "  Council approves", "  the bridge"],
    ["title: |-", "  Council approves the bridge"],
    ["? title", ": Council approves the bridge"],
]
OTHERS = [
    ["# When it was published", "publishedDateTime: '2020-08-21T05:25:00+00:00'"],
    ["", "webUrl: https://daily.example/bridge"],
    ["provider: {domain: daily.example, name: Daily Example}"],
    ["topics:", "- AI", "# a comment inside", "- 'Computer Vision'"],
    ["excerpt: |", "  One", "", "  # not a comment", "  two"],
    ["images: []", "", "# a comment at the end"],
    ["unknown:", "    deep: {a: 1}  # kept", "    # also kept", "    list:", "    - 1.50"],
    ["quality:   53", "heat: 53"],
]
FENCES = st.sampled_from(["---", "--- ", "---\t"])


class TestReviseOthers:
    @settings(deadline=None, max_examples=200)
    @given(
        st.sampled_from(TITLES),
        st.permutations(OTHERS),
        st.integers(0, len(OTHERS)),
        st.sampled_from([[], ["# About the title"], ["", "  # About the title", ""]]),
        st.tuples(FENCES, FENCES),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_a_changed_title_changes_its_own_lines_only(
        self,
        title: list[str],
        others: list[list[str]],
        place: int,
        comment: list[str],
        fences: tuple[str, str],
        line_end: str,
    ) -> None:
        def text(written: list[str]) -> bytes:
            blocks = [*others[:place], [*comment, *written], *others[place:]]
            lines = [fences[0], *itertools.chain(*blocks), fences[1], "The body.", ""]
            return line_end.join(lines).encode()

        data = text(title)
        document = parse("a.md", data)

        assert document.title == "Council approves the bridge"
        assert revise(data, document) == data
        assert change(data, title="Another") == text(['title: "Another"'])

    def test_a_comment_after_a_removed_key_stays(self) -> None:
        data = make_text(excerpt='"One"\n# About the category', category="news")

        assert change(data, excerpt=None) == data.replace(b'excerpt: "One"\n', b"")

    def test_keys_on_one_line_are_written_canonically(self) -> None:
        lines = make_text().decode().splitlines()
        flow = ", ".join(lines[1:4]) + ", provider: {name: Daily Example, domain: daily.example}"
        data = f"---\n{{{flow}}}\n---\n\n".encode()

        assert change(data, title="Another") == make_text(title='"Another"').replace(
            b"\nprovider", b"\n\nprovider"
        )

    def test_a_mapping_in_braces_over_several_lines_is_written_canonically(self) -> None:
        lines = make_text().decode().splitlines()
        flow = ",\n".join([*lines[1:4], "provider: {name: Daily Example, domain: daily.example}"])
        data = f"---\n{{\n{flow}\n}}\n---\n\n".encode()

        assert change(data, title="Another") == make_text(title='"Another"').replace(
            b"\nprovider", b"\n\nprovider"
        )

    def test_a_missing_final_line_end_stays_missing(self) -> None:
        data = make_text().rstrip()

        assert revise(data, parse("a.md", data)) == data
        assert change(data, title="Another") == make_text(title='"Another"').rstrip()
        assert change(data, body="More.\n") == data + b"\nMore.\n"
        decided = change(data, desk=Desk(decision="hold"))
        assert decided == data.replace(b"\n---", b"\n\ndesk:\n  decision: hold\n---")

    @pytest.mark.parametrize("written", ["null", "~", ""])
    def test_a_key_that_was_null_is_filled_in_place(self, written: str) -> None:
        data = make_text(excerpt=written, category="news")

        assert change(data, excerpt="One") == make_text(excerpt='"One"', category="news")
