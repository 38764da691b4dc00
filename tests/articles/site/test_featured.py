"""Featured content on a story's page: text, and posters instead of players."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from articles.models import Article
from tests.articles.payloads import payloads
from tests.factories import make_article, make_provider
from tests.newsroom.test_sanitizing import dangers

pytestmark = pytest.mark.django_db

FRAME: Final = '<iframe src="https://www.youtube.com/embed/x" width="1600" height="900"></iframe>'
OTHER: Final = '<iframe src="https://player.vimeo.com/video/1"></iframe>'


def make_video(**overrides: Any) -> Article:
    values = {"type": "video", "web_url": "", "original_url": "https://paper.example/watch"}
    return make_article(**values | {"featured_content": FRAME} | overrides)


def get(client: Client, article: Article) -> str:
    response = client.get(article.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def poster(html: str) -> str:
    """Return the tag of the poster's link."""
    found = re.search(r'<a class="video-poster"[^>]*>', html)
    assert found is not None
    return found[0]


def policy(client: Client, address: str) -> dict[str, str]:
    """Return the directives of a page's content security policy."""
    header = client.get(address).headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


class TestPoster:
    def test_link_to_the_original(self, client: Client) -> None:
        html = get(client, make_video(provider=make_provider(name="The Paper & Co")))

        assert 'href="https://paper.example/watch"' in poster(html)
        assert 'rel="noopener noreferrer external"' in poster(html)
        assert "Watch the video" in html
        assert "Opens at The Paper &amp; Co" in html
        assert 'data-plays-from="Plays from www.youtube-nocookie.com"' in html

    def test_links_to_the_player_without_a_safe_original(self, client: Client) -> None:
        html = get(client, make_video(original_url="https://bank.example@evil.example/"))

        assert 'href="https://www.youtube-nocookie.com/embed/x"' in poster(html)
        assert "Opens at www.youtube-nocookie.com" in html

    def test_nothing_of_another_host_is_loaded(self, client: Client) -> None:
        html = get(client, make_video(featured_content=FRAME + OTHER))

        assert "<iframe" not in html
        loaded = re.findall(
            r'<(?:script|img|link|source|object)\b[^>]*?(?:src|href)="([^"]+)"', html
        )
        assert loaded
        assert [one for one in loaded if not one.startswith(("/", "http://testserver/"))] == []
        assert not re.search(r"preconnect|dns-prefetch|preload|prefetch", html)

    def test_frame_for_the_script(self, client: Client) -> None:
        html = get(client, make_video(title="Seal's &quot;song&quot; <b>"))
        found = re.search(r'data-frame="([^"]*)"', html)

        assert found is not None
        assert json.loads(unescape(found[1])) == {
            "src": "https://www.youtube-nocookie.com/embed/x",
            "title": 'Seal\'s "song" <b>',
            "width": "1600",
            "height": "900",
            "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
            "referrerpolicy": "strict-origin-when-cross-origin",
            "loading": "lazy",
            "allow": "fullscreen; encrypted-media; picture-in-picture",
            "allowfullscreen": "",
        }

    def test_keeps_the_place_of_the_player(self, client: Client) -> None:
        html = " ".join(get(client, make_video()).split())

        assert 'width="1600" height="900" viewBox="0 0 1600 900"' in html

    def test_script_and_style_are_loaded_once_and_only_if_needed(self, client: Client) -> None:
        html = get(client, make_video(featured_content=FRAME + OTHER))
        assert html.count("video.js") == html.count("video.css") == 1
        assert html.count('class="video-poster"') == 2

        html = get(client, make_article(featured_content="<p>Words</p>"))
        assert "video." not in html

    def test_no_poster_for_hosts_that_are_not_allowed(self, client: Client) -> None:
        for frame in ("<iframe src=https://video.example/1>", "<iframe>" * 9999, ""):
            html = get(client, make_video(featured_content=frame))
            assert "video-poster" not in html
            assert "Watch at" in html


class TestWords:
    def test_kept(self, client: Client) -> None:
        words = '<p>Said <b>so</b> <a href="https://a.example/">there</a></p>'
        html = get(client, make_article(featured_content=words + FRAME))

        assert "<p>Said <b>so</b> <a" in html
        assert 'href="https://a.example/" rel="noopener noreferrer nofollow ugc external">' in html

    def test_payloads(self, client: Client) -> None:
        article = make_article()
        before, _, after = get(client, article).partition("</header>\n")
        for payload in payloads()[::101]:
            # PostgreSQL does not accept NUL.
            text = payload.replace("\0", "")
            Article.objects.filter(pk=article.pk).update(featured_content=text)
            found = re.search(
                r'<div class="featured">(.*?)</div>\n', get(client, article), re.DOTALL
            )
            assert dangers(found[1] if found else "") == [], payload
            assert "evil.example" not in re.sub(r">[^<]*<", "><", get(client, article)), payload
        assert before
        assert after


class TestContentSecurityPolicy:
    def test_exactly_the_hosts_of_the_players(self, client: Client) -> None:
        plain = policy(client, make_article().get_absolute_url())
        video = policy(client, make_video(featured_content=OTHER + FRAME).get_absolute_url())

        assert plain["frame-src"] == "'none'"
        frames = "https://player.vimeo.com https://www.youtube-nocookie.com"
        assert video == {**plain, "frame-src": frames}

    def test_no_frames_elsewhere(self, client: Client) -> None:
        make_video()
        for address in ("/", "/latest/", "/no-such-page/", "/admin/login/"):
            assert policy(client, address)["frame-src"] == "'none'"

    def test_the_same_from_the_cache(self, client: Client) -> None:
        address = make_video().get_absolute_url()
        assert policy(client, address) == policy(client, address)

    def test_another_page_for_other_hosts(self, client: Client, settings: Any) -> None:
        video = make_video()
        assert "video-poster" in get(client, video)
        settings.EMBED_HOSTS = ["video.example"]
        assert "video-poster" not in get(client, video)
        assert policy(client, video.get_absolute_url())["frame-src"] == "'none'"


class TestPreview:
    def test_as_readers_would_see_it(self, client: Client, admin_user: User) -> None:
        video = make_video(quality=10)
        client.force_login(admin_user)
        address = reverse("admin:articles_article_preview", args=[video.pk])

        assert "video-poster" in client.get(address).content.decode()
        assert policy(client, address)["frame-src"] == "https://www.youtube-nocookie.com"
