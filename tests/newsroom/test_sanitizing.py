"""Sanitizing: the HTML that remains."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from articles.documents import parse
from newsroom import sanitizing
from newsroom.sanitizing import (
    DEFAULT_SIZE,
    MAX_ADDRESS,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_TAGS,
    clean,
    embeds,
)
from tests.articles.documents.documents import CORPUS, SEEDS, needs_corpus
from tests.articles.payloads import ADDRESSES, ELEMENTS, payloads

HTML: Final = "{http://www.w3.org/1999/xhtml}"
ALLOWED: Final[dict[str, set[str]]] = {
    "a": {"href", "rel"},
    "iframe": {
        "src", "title", "width", "height",
        "sandbox", "referrerpolicy", "loading", "allow", "allowfullscreen",
    },
    **{name: set() for name in ("b", "blockquote", "br", "em", "figcaption", "figure", "i")},
    **{name: set() for name in ("li", "ol", "p", "strong", "ul")},
}  # fmt: skip
HOSTS: Final = {
    "www.youtube-nocookie.com",
    "player.vimeo.com",
    "www.dailymotion.com",
    "geo.dailymotion.com",
    "players.brightcove.net",
}
PLAYER: Final = "https://player.vimeo.com/video/1"
RULES: Final = (
    'sandbox="allow-scripts allow-same-origin allow-presentation allow-popups"'
    ' referrerpolicy="strict-origin-when-cross-origin" loading="lazy"'
    ' allow="fullscreen; encrypted-media; picture-in-picture" allowfullscreen=""'
)


def dangers(html: str) -> list[str]:
    """Return everything dangerous in the HTML, as found by an independent parser."""
    found = []
    for element in html5lib.parseFragment(html).iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        name = element.tag.removeprefix(HTML) if isinstance(element.tag, str) else "comment"
        if name not in ALLOWED:
            found.append(name)
            continue
        found += [f"{name} {attribute}" for attribute in set(element.attrib) - ALLOWED[name]]
        found += _dangers_of_addresses(name, element.attrib)
    return found


def _dangers_of_addresses(name: str, attributes: dict[str, str]) -> list[str]:
    if name == "iframe":
        address = urlsplit(attributes.get("src", ""))
        is_sound = address.scheme == "https" and address.netloc in HOSTS
        is_whole = set(attributes) == ALLOWED["iframe"]
        return [] if is_sound and is_whole else [f"frame {attributes}"]
    if name == "a":
        href = attributes.get("href", "https://a.example/")
        found = re.fullmatch(r"https?://[\w.-]+(?::\d+)?(?:[/?#][^\s\x00-\x1f]*)?", href, re.I)
        return [] if found and "noopener" in attributes.get("rel", "") else [f"link {attributes}"]
    return []


def test_the_check_sees_dangers() -> None:
    assert dangers("<p>fine</p>") == []
    assert dangers("<!--x-->") == ["comment"]
    assert dangers("<b onclick=x>") == ["b onclick"]
    assert dangers("<svg><a>") == [
        "{http://www.w3.org/2000/svg}svg",
        "{http://www.w3.org/2000/svg}a",
    ]
    assert dangers("<a href='javascript:x' rel=noopener>")
    assert dangers(f"<iframe src='{PLAYER}'></iframe>")
    # Some are harmless as written, for example those in entities.
    some = payloads()[::17]
    assert sum(bool(dangers(payload)) for payload in some) > len(some) / 2


class TestKept:
    @pytest.mark.parametrize(
        "html",
        [
            "",
            "words",
            "<p>a <b>b</b> <i>i</i> <em>e</em> <strong>s</strong><br>n</p>",
            "<ul><li>1</li></ul><ol><li>1</li></ol>",
            "<blockquote><p>quoted</p></blockquote>",
            "<figure><figcaption>said &amp; done &lt;3</figcaption></figure>",
        ],
    )
    def test_as_it_is(self, html: str) -> None:
        assert clean(html) == html

    def test_links_have_noreferrer_and_nofollow(self) -> None:
        assert clean("<a href=' https://a.example/?q=1&r=2 ' target=_blank rel=opener>x</a>") == (
            '<a href="https://a.example/?q=1&amp;r=2"'
            ' rel="noopener noreferrer nofollow ugc external">x</a>'
        )

    def test_text_of_removed_tags(self) -> None:
        html = "<h1 id=x>Title</h1><div><span lang=en title=t>text</span></div><script>no</script>"
        assert clean(html + "<style>no</style><img alt=no src=https://a.example/>") == "Titletext"

    def test_controls_are_left_out(self) -> None:
        assert clean("a\x00b\x1bc&#1;d\ud800e\ufffff&#13;g\r\nh") == "abcdef\ng\nh"


class TestPayloads:
    def test_nothing_dangerous_is_left(self) -> None:
        for payload in payloads():
            assert dangers(clean(payload)) == [], payload

    def test_clean_is_clean(self) -> None:
        for payload in payloads():
            assert clean(clean(payload)) == clean(payload), payload

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_no_link(self, address: str) -> None:
        assert "href" not in clean(f'<a href="{address}">x</a>')

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_no_frame(self, address: str) -> None:
        assert clean(f'<iframe src="{address}"></iframe>') == ""


_PIECES = st.sampled_from(
    [
        *ELEMENTS,
        *(f"<{name}>" for name in [*ALLOWED, "svg", "math", "mtext", "table", "td", "select"]),
        *(f"</{name}>" for name in [*ALLOWED, "svg", "math", "table", "style", "script"]),
        *(
            "<style>",
            "<script>",
            "<title>",
            "<textarea>",
            "<noscript>",
            "<template>",
            "<!--",
            "-->",
        ),
        *(
            "<a href=https://a.example/>",
            f"<iframe src='{PLAYER}' title='",
            "'",
            '"',
            "<",
            ">",
            "&",
        ),
        *("&lt;", "&#13;", "&#0;", "&amp;", "\x0c", "\r", "\n", "\xa0", "]]>", "<![CDATA[", "/>"),
    ]
)
_HTML = st.lists(_PIECES | st.text(max_size=5), max_size=20).map("".join)


class TestProperties:
    @given(_HTML)
    def test_nothing_dangerous_is_left(self, html: str) -> None:
        assert dangers(clean(html)) == []

    @given(_HTML | st.text())
    def test_clean_is_clean(self, html: str) -> None:
        assert clean(clean(html)) == clean(html)

    @given(_HTML)
    def test_taken_apart(self, html: str) -> None:
        featured = embeds(html)
        assert "<iframe" not in featured.html
        assert clean(featured.html) == featured.html
        assert len(featured.frames) == clean(html).count("<iframe")
        for frame in featured.frames:
            assert clean(frame.as_html()) == frame.as_html()

    @given(st.text(), st.text())
    def test_title_stays_in_its_quotes(self, title: str, host: str) -> None:
        html = f'<iframe src="https://{host}/" title="{title}"></iframe>'
        assert dangers(clean(html)) == []


class TestFrames:
    def test_all_rules_always(self) -> None:
        html = (
            f"<iframe src={PLAYER} name=x id=x class=x style=x srcdoc=x onload=x allow='camera *'"
            " sandbox='allow-top-navigation' referrerpolicy=unsafe-url loading=eager allowfullscreen"
            " credentialless csp=x frameborder=0 title='A  \"film\"' width=800 height=450>no</iframe>"
        )
        assert clean(html) == (
            f'<iframe src="{PLAYER}" title="A &quot;film&quot;" width="800" height="450" {RULES}>'
            "</iframe>"
        )

    def test_player_within_text(self) -> None:
        html = f"<figure><iframe src='{PLAYER}'></iframe><figcaption>Film</figcaption></figure>"
        assert re.sub(r"<iframe[^>]*>", "<iframe>", clean(html)) == (
            "<figure><iframe></iframe><figcaption>Film</figcaption></figure>"
        )

    @pytest.mark.parametrize("host", ["www.youtube.com", "www.youtube-nocookie.com"])
    def test_youtube_without_cookies(self, host: str) -> None:
        (frame,) = embeds(f"<iframe src='HTTPS://{host.upper()}/embed/aB_-1?start=3'>").frames
        assert frame.src == "https://www.youtube-nocookie.com/embed/aB_-1?start=3"
        assert frame.host == frame.title == "www.youtube-nocookie.com"

    @pytest.mark.parametrize("host", ["www.youtube.com", "www.youtube-nocookie.com"])
    def test_youtube_by_either_name(self, host: str, settings: Settings) -> None:
        settings.EMBED_HOSTS = [host]
        html = clean("<iframe src=https://www.youtube.com/embed/x>")
        assert html
        assert clean(html) == html

    def test_hosts_are_a_setting(self, settings: Settings) -> None:
        settings.EMBED_HOSTS = ["video.example"]
        assert embeds("<iframe src=https://video.example/1>").sources == ["https://video.example"]
        assert clean(f"<iframe src={PLAYER}>") == ""

    @pytest.mark.parametrize(
        "address",
        [
            "http://player.vimeo.com/video/1",
            "//player.vimeo.com/video/1",
            "player.vimeo.com/video/1",
            "/video/1",
            "https://player.vimeo.com",
            "https://player.vimeo.com./video/1",
            "https://player.vimeo.com:443/video/1",
            "https://player.vimeo.com:8443/video/1",
            "https://evil.player.vimeo.com/video/1",
            "https://player.vimeo.com.evil.example/video/1",
            "https://evil-player.vimeo.com/video/1",
            "https://vimeo.com/1",
            "https://player.vimeo.com@evil.example/",
            "https://evil.example@player.vimeo.com/video/1",
            "https://evil.example\\@player.vimeo.com/video/1",
            "https://evil.example/@player.vimeo.com/video/1",
            "https://evil.example#@player.vimeo.com/video/1",
            "https://evil.example?player.vimeo.com/video/1",
            "https:\\\\player.vimeo.com\\video\\1",
            "https:///player.vimeo.com/video/1",
            "https:player.vimeo.com/video/1",
            "https://player\u3002vimeo\uff0ecom/video/1",
            "https://player.vim\u00adeo.com/video/1",
            "https://player.v\u0456meo.com/video/1",
            "https://player.vimeo.c\u043em/video/1",
            "https://player.vi\u017feo.com/video/1",
            "https://play%65r.vimeo.com/video/1",
            "https://player.vimeo.com/video/\n1",
            "https://player.vimeo.com/video/1 2",
            "https://player.vimeo.com/video\\1",
            "https://player.vimeo.com/&#1;",
            "https://[::1]/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://testserver/",
            "https://www.youtube.com/watch?v=x",
            "https://www.youtube.com/redirect?q=https://evil.example/",
            "https://www.youtube.com/embed/../redirect?q=https://evil.example/",
            "https://www.youtube.com/embed/%2e%2e/redirect?q=https://evil.example/",
            "https://www.youtube.com/embed/",
            "https://youtube.com/embed/x",
            "https://m.youtube.com/embed/x",
            "https://www.dailymotion.com/logout",
            "https://player.vimeo.com/" + "x" * MAX_ADDRESS,
        ],
    )
    def test_fail_address(self, address: str) -> None:
        assert clean(f'<iframe src="{address}">x</iframe>') == ""

    def test_fail_no_address(self) -> None:
        assert clean("<iframe srcdoc='<script>alert(1)</script>'></iframe><iframe>") == ""

    @pytest.mark.parametrize(
        ("width", "height", "size"),
        [
            ("800", "500", (800, 500)),
            ("315", "560", (315, 560)),
            ("100%", "450", DEFAULT_SIZE),
            ("800px", "450", DEFAULT_SIZE),
            ("800", "", DEFAULT_SIZE),
            ("0", "0", DEFAULT_SIZE),
            ("-8", "-5", DEFAULT_SIZE),
            ("\u0668\u0660\u0660", "450", DEFAULT_SIZE),
            ("1", "9999", DEFAULT_SIZE),
            ("9999", "1", DEFAULT_SIZE),
            ("80000", "45000", DEFAULT_SIZE),
        ],
    )
    def test_size(self, width: str, height: str, size: tuple[int, int]) -> None:
        html = f'<iframe src="{PLAYER}" width="{width}" height="{height}"></iframe>'
        (frame,) = embeds(html).frames
        assert (frame.width, frame.height) == size

    def test_default_title(self) -> None:
        frames = embeds(
            f"<iframe src={PLAYER}></iframe><iframe src={PLAYER} title=T>", "Seal"
        ).frames
        assert [frame.title for frame in frames] == ["Seal", "T"]
        assert [frame.attributes["title"] for frame in frames] == ["Seal", "T"]


class TestCost:
    """HTML that would take long is refused before it is parsed."""

    @pytest.fixture
    def cleaned(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return the HTML that reaches nh3."""
        got = []

        class Cleaner:
            def clean(self, html: str) -> str:
                got.append(html)
                return html

        monkeypatch.setattr(sanitizing, "_CLEANER", Cleaner())
        return got

    @pytest.mark.parametrize(
        "html",
        [
            "<div>" * 100_000,
            "<b>" * (MAX_TAGS + 1),
            "<!--" * (MAX_TAGS + 1),
            "<svg><g><![CDATA[></g>]]>" * MAX_TAGS,
            "".join(f"<b a={number}>" for number in range(MAX_TAGS)) + "<p>x" * MAX_TAGS,
        ],
        ids=["divs", "tags", "comments", "cdata", "formatting"],
    )
    def test_too_many_tags(self, html: str, cleaned: list[str]) -> None:
        assert embeds(html[:MAX_BYTES]).refused == "The HTML has more than 500 tags."
        assert clean(html) == ""
        assert cleaned == []

    @pytest.mark.parametrize(
        "html",
        ["x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), f'<a href="{"x" * 1_000_000}">'],
        ids=["letters", "bytes", "attribute"],
    )
    def test_too_long(self, html: str, cleaned: list[str]) -> None:
        assert embeds(html).refused == "The HTML is longer than 100,000 bytes."
        assert clean(html) == ""
        assert cleaned == []

    def test_too_long_once_clean(self) -> None:
        assert clean("&" * (MAX_BYTES // 10)) == "&amp;" * (MAX_BYTES // 10)
        assert clean("&" * (MAX_BYTES // 2)) == ""

    def test_text_that_grows(self) -> None:
        # Each paragraph repeats the elements left open in the first: 240 times 240.
        open_in_all = "".join(f"<b a={number}>" for number in range(240))
        assert embeds(f"<p>{open_in_all}" + "<p>x" * 240).refused
        # The same for a URL; too long ones are dropped.
        link = f'<p><a href="https://a.example/{"x" * 50_000}">'
        assert clean(link + "<p>x" * 100).startswith('<p><a rel="')

    def test_too_deep(self) -> None:
        assert clean("<blockquote>" * MAX_DEPTH + "x").startswith("<blockquote>")
        assert embeds("<blockquote>" * (MAX_DEPTH + 1)).refused == (
            "The HTML has more than 100 nested elements."
        )

    def test_depth_counts_kept_tags_only(self) -> None:
        assert clean("<div>" * 400 + "<p>a<br></p>" * 20) == "<p>a<br></p>" * 20

    def test_fail_never_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Cleaner:
            def clean(self, html: str) -> str:
                return html + "x"

        monkeypatch.setattr(sanitizing, "_CLEANER", Cleaner())
        assert embeds("x").refused == "The HTML is ambiguous: it changes each time it is cleaned."
        assert clean("x") == ""


class TestTakenApart:
    def test_frame_alone(self) -> None:
        featured = embeds(f"<p><iframe src={PLAYER}></iframe></p>")
        assert featured.html == ""
        assert [frame.src for frame in featured.frames] == [PLAYER]

    def test_words_and_frames(self) -> None:
        frames = (
            f"<iframe src={PLAYER}></iframe><iframe src=https://www.youtube.com/embed/1></iframe>"
        )
        featured = embeds(f"<p>Two films</p>{frames}{frames}")
        assert featured.html == "<p>Two films</p>"
        assert len(featured.frames) == 4
        assert featured.sources == ["https://player.vimeo.com", "https://www.youtube-nocookie.com"]

    def test_nothing(self) -> None:
        assert embeds("") == sanitizing.Featured()


def contents(*folders: Any) -> list[str]:
    documents = [parse(path.name, path.read_bytes()) for path in folders]
    return [one.featured_content for one in documents if one.featured_content]


class TestRealDocuments:
    def test_seeds(self) -> None:
        assert contents(*SEEDS) == []

    @needs_corpus
    def test_videos_of_the_corpus(self) -> None:
        found = contents(*sorted((CORPUS / "_news").glob("*.md")))
        assert len(found) == 5
        for html in found:
            featured = embeds(html)
            assert not featured.refused
            assert featured.html == ""
            (frame,) = featured.frames
            assert frame.src.startswith("https://www.youtube-nocookie.com/embed/")
            assert (frame.width, frame.height) == (800, 500)
