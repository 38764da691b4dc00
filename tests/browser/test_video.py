"""A video's poster is a link without JavaScript, and otherwise a button that loads the player."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from newsroom.sanitizing import clean
from tests.articles.payloads import payloads
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_article
from tests.newsroom.test_sanitizing import ALLOWED

PLAYER = "https://www.youtube-nocookie.com/embed/x"
# The nodes of a page, as this browser parses it, except those in `allowed`.
FOREIGN = """
([htmls, allowed]) => htmls.flatMap((html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const foreign = [...template.content.querySelectorAll("*")].flatMap((element) => {
    const names = element.namespaceURI.endsWith("/xhtml") ? allowed[element.localName] : null;
    if (!names) return [element.outerHTML];
    return [...element.attributes].filter(({name}) => !names.includes(name)).map(({name}) => name);
  });
  return foreign.length ? [[html, foreign]] : [];
})
"""


def make_video() -> Article:
    frame = f'<iframe src="{PLAYER}" width="800" height="500" title="A seal sings"></iframe>'
    return make_article(
        type="video",
        web_url="",
        original_url="https://paper.example/watch",
        featured_content=frame,
    )


def test_plays_once_asked(open_page: OpenPage, transactional_db: None, faults: list[str]) -> None:
    page = open_page()
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(content_type="text/html", body="<title>A player</title><p>It plays.</p>")

    page.route(re.compile("https://"), answer)
    page.goto(make_video().get_absolute_url())
    button = page.get_by_role("button", name="Watch the video Plays from www.youtube-nocookie.com")
    expect(button).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    place = page.locator(".video").bounding_box()
    assert asked == []

    button.focus()
    page.keyboard.press("Enter")
    frame = page.locator("iframe")
    expect(frame).to_be_focused()
    expect(page.frame_locator("iframe").locator("p")).to_have_text("It plays.")
    assert asked == [PLAYER]
    assert frame.evaluate("one => [...one.attributes].map(({name, value}) => [name, value])") == [
        ["src", PLAYER],
        ["title", "A seal sings"],
        ["width", "800"],
        ["height", "500"],
        ["sandbox", "allow-scripts allow-same-origin allow-presentation allow-popups"],
        ["referrerpolicy", "strict-origin-when-cross-origin"],
        ["loading", "lazy"],
        ["allow", "fullscreen; encrypted-media; picture-in-picture"],
        ["allowfullscreen", ""],
    ]
    # The layout has not shifted, and the player has the shape that its document gives.
    assert page.locator(".video").bounding_box() == place
    box = frame.bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 800 / 500) < 0.02
    # The only request to another host is the expected one.
    assert [fault for fault in faults if PLAYER not in fault] == []
    faults.clear()


def test_another_host_may_not_fill_a_frame(
    open_page: OpenPage, transactional_db: None, faults: list[str]
) -> None:
    page = open_page()
    page.route(re.compile("https://"), lambda route: route.fulfill(body="Not of our doing"))
    page.goto(make_video().get_absolute_url())
    with page.expect_console_message(lambda message: "frame-src" in message.text):
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('iframe'),"
            " {src: 'https://player.vimeo.com/video/1'}))"
        )
    faults.clear()


def test_link_without_script(open_page: OpenPage, transactional_db: None) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(make_video().get_absolute_url())
    link = page.get_by_role("link", name="Watch the video Opens at")
    expect(link).to_have_attribute("href", "https://paper.example/watch")
    expect(page.locator("iframe, .video button")).to_have_count(0)


def test_sound(open_page: OpenPage, transactional_db: None) -> None:
    page = open_page()
    page.goto(make_video().get_absolute_url())
    expect(page.locator(".video button")).to_be_visible()
    assert_sound(page)


def test_payloads_as_a_browser_reads_them(
    open_page: OpenPage, live_server: LiveServer, transactional_db: None
) -> None:
    page: Page = open_page()
    page.goto(make_article().get_absolute_url())
    allowed = json.loads(json.dumps(ALLOWED, default=sorted))
    # The check itself works.
    assert page.evaluate(FOREIGN, [["<b title=x>", "<svg>", "<p>"], allowed]) == [
        ["<b title=x>", ["title"]],
        ["<svg>", ["<svg></svg>"]],
    ]
    assert page.evaluate(FOREIGN, [sorted(set(map(clean, payloads()))), allowed]) == []
