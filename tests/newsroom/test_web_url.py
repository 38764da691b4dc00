"""The URLs that a page may link to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsroom.web_url import is_web_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "HTTPS://a.example/?q=1#x",
        "https://a.example:8443/x",
        "https://a.example./",
        "https://under_score.example/@name/a@b?mail=a@b",
        "https://a.example/with space/\u00e9?q=100%#:~:text=x",
        "https://bücher.example/",
        "https://новости.example/",
        "http://[2001:db8::1]/",
    ],
)
def test_web_url(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "java\x03script:alert(1)",
        "data:text/html,x",
        "//a.example",
        "https:a.example",
        "https:///x",
        "https://",
        " https://a.example",
        "\x01https://a.example",
        "https://a.example\n",
        "https://a.example\n@evil.example/",
        "https://a.example/\t",
        "https://a.example/\x7f",
        "https://a b.example/",
        # A browser and a person would read different hosts here.
        "https://bank.example@evil.example/",
        "https://bank.example:pass@evil.example/",
        "https://bank.example\\@evil.example/",
        "https://bank.example\\.evil.example/",
        "https://bank.example%2eevil.example/",
        "https://bank.example。evil.example/",
        "https://bank.example\uff0fevil.example/",
        "https://\uff42ank.example/",
        "https://bank.example\u00ad.evil.example/",
        "https://bank.example/\u202emoc.live",
        "https://a..example/",
        "https://a.example:port/",
        "https://a.example:/x:y@evil.example",
    ],
)
def test_fail(url: str) -> None:
    assert not is_web_url(url)


def test_templates_link_only_to_checked_urls() -> None:
    links = []
    for path in (ROOT / "templates").rglob("*.html"):
        for tag in re.findall(r"<a\b[^>]*>", path.read_text()):
            assert not re.search(r"\burl\b *(\||\}\})|(original|web|amp)_url", tag), (path, tag)
            if "source_url" in tag:
                links.append(tag)
                assert 'rel="noopener noreferrer external"' in " ".join(tag.split()), (path, tag)
    assert len(links) >= 3
