"""Every kind of reader's page: light and dark, narrow and wide, with and without JavaScript.

Written against what pages mean (landmarks, headings, links and their names), not how they look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from articles import newsdesk
from articles.models import Article, Image
from tests.articles.site.public_pages import NOWHERE, PUBLIC, Place
from tests.articles.states import HOUR
from tests.browser.axe import ANY
from tests.browser.chromium import DESKTOP, READER_LOOKS, Look
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.factories import make_article, make_provider, make_superseded, make_topic, relate

NARROW: Final = READER_LOOKS[2]
PAGE: Final = 4
"""Stories on a page; few, so that there are more pages."""
WORDS: Final = "A headline of some length about an event that nobody expected to take so long"


class Newsroom:
    """Examples of everything that a page can show, from the longest to the shortest."""

    def __init__(self) -> None:
        parent = make_topic("Artificial intelligence")
        topic = make_topic("Computer vision", parent=parent)
        child = make_topic("Handwriting", parent=topic)
        paper = make_provider(name="The Paper", description="A paper that is read at breakfast.")
        now = timezone.now()
        values: dict[str, Any] = {"provider": paper, "topics": (topic, parent), "excerpt": WORDS}
        lead = make_article(
            quality=95, title=WORDS, body=f"{WORDS}\n\n{WORDS}", published_at=now - HOUR, **values
        )
        Image.objects.create(
            article=lead,
            position=0,
            url="https://pictures.example/1.jpg",
            width=1200,
            height=800,
            title="What it shows",
            attribution="A. Agency",
        )
        stubs = [
            make_article(
                coverage_only=True, title=f"{WORDS} {number}", published_at=now - number * HOUR
            )
            for number in range(2, 8)
        ]
        self.superseded = make_superseded(
            lead, title="Another report", published_at=now - 2 * HOUR, **values
        )
        relate(lead, self.superseded, *stubs)
        self.video = make_article(
            type="video",
            web_url="",
            original_url="https://video.example/watch/1",
            featured_content='<iframe src="https://video.example/embed/1"></iframe>',
            published_at=now - 3 * HOUR,
            **values,
        )
        # A text without spaces, and a nearly empty one.
        self.long = make_article(
            title="Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 2,
            excerpt="x" * 300,
            provider=make_provider(name="W" * 60, domain=f"{'w' * 60}.example"),
            topics=(make_topic("T" * 80), child),
            published_at=now - 4 * HOUR,
        )
        self.bare = make_article(title="Z", excerpt="", published_at=now - 5 * HOUR)
        for _ in range(PAGE):
            make_article(**values)
        self.withdrawn = make_article()
        newsdesk.perform(newsdesk.withdraw(self.withdrawn), by=None)
        self.unused = make_topic("Unused"), make_provider(name="Unused")
        self.place = Place(lead, topic, paper)

    def address(self, name: str) -> str:
        """Return the URL of a pattern for the lead, its topic or its provider."""
        (address,) = self.place.addresses(f"articles:{name}")
        return address


def page_of(article: Callable[[Newsroom], Article]) -> Callable[[Newsroom], str]:
    return lambda newsroom: article(newsroom).get_absolute_url()


def named(name: str, query: str = "") -> Callable[[Newsroom], str]:
    return lambda newsroom: newsroom.address(name) + query


AFTER: Final = "?after=2027-01-01T00:00:00Z,a"
KINDS: Final[dict[str, Callable[[Newsroom], str]]] = {
    "article": named("article"),
    "article-bare": page_of(lambda newsroom: newsroom.bare),
    "article-long": page_of(lambda newsroom: newsroom.long),
    "article-video": page_of(lambda newsroom: newsroom.video),
    "front": named("front"),
    "front-further": named("front", "?after=99999.0,a"),
    "latest": named("latest"),
    "latest-end": named("latest", "?after=2001-01-01T00:00:00Z,a"),
    "provider": named("provider"),
    "provider-empty": lambda newsroom: f"/providers/{newsroom.unused[1].domain}/",
    "providers": named("providers"),
    "search": named("search"),
    "search-found": named("search", "?q=headline"),
    "search-nothing": named("search", "?q=xylophone"),
    "topic": named("topic", AFTER),
    "topic-empty": lambda newsroom: f"/topics/{newsroom.unused[0].slug}/",
    "topics": named("topics"),
    "nowhere": lambda newsroom: f"/news/{NOWHERE}/",
    "withdrawn": page_of(lambda newsroom: newsroom.withdrawn),
}
"""Every kind of page that readers see, each with a URL."""
STATUS: Final = {"nowhere": 404, "withdrawn": 410}
STORIES: Final = ["article", "article-bare", "article-long", "article-video"]

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def newsroom(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    monkeypatch.setattr("articles.site.views.PAGE_SIZE", PAGE)
    return Newsroom()


@pytest.fixture
def visit(
    open_page: OpenPage, newsroom: Newsroom, faults: list[str]
) -> Iterator[Callable[..., Page]]:
    """Return ``visit(kind, look=DESKTOP, **options)``, which opens a page in a separate browser."""
    statuses: set[int] = set()

    def visit(kind: str, look: Look = DESKTOP, **options: object) -> Page:
        page = open_page(look=look, **options)
        response = page.goto(KINDS[kind](newsroom))
        assert response is not None
        assert response.status == STATUS.get(kind, 200)
        statuses.add(response.status)
        return page

    yield visit
    # Chromium reports failed responses on its console; here they are expected.
    told = [f"responded with a status of {status} " for status in statuses & {*STATUS.values()}]
    faults[:] = [fault for fault in faults if not any(one in fault for one in told)]


def test_kinds_are_all_pages(newsroom: Newsroom, client: Client) -> None:
    """Every URL that returns a page must be among them."""
    seen = {re.sub("-.*", "", kind) for kind in KINDS} - STATUS.keys()
    pages = {
        name.partition(":")[2]
        for name in PUBLIC
        # ``test_api_docs.py`` tests the page of the API.
        if ":api:" not in name
        for address in newsroom.place.addresses(name)
        if (response := client.get(address)).status_code == 200
        and response["Content-Type"].startswith("text/html")
    }
    assert pages == seen


LAYOUT_SHIFT: Final = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const shift of list.getEntries()) sum += shift.value;
    }).observe({type: "layout-shift", buffered: true});
    const frame = count => requestAnimationFrame(() => count ? frame(count - 1) : resolve(sum));
    frame(3);
})"""
LINKS: Final = "() => [...document.links].map(link => `${link.innerText} ${link.href}`)"


class TestEveryKind:
    @kinds
    def test_is_sound(self, visit: Callable[..., Page], kind: str) -> None:
        """One main, one h1, no layout shift; the keyboard reaches everything; axe finds nothing
        anywhere."""
        page = visit(kind)
        assert page.evaluate(LAYOUT_SHIFT) == 0
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert walk(page) == []
        assert_sound(page, looks=READER_LOOKS, impacts=ANY)
        NARROW.put_on(page)
        page.reload()
        assert page.evaluate(LAYOUT_SHIFT) == 0

    @kinds
    def test_needs_no_script(
        self, visit: Callable[..., Page], faults: list[str], kind: str
    ) -> None:
        plain = visit(kind, NARROW, java_script_enabled=False)
        page = visit(kind, NARROW)

        assert plain.locator("body").inner_text() == page.locator("body").inner_text()
        assert plain.evaluate(LINKS) == page.evaluate(LINKS)
        assert plain.title() == page.title()
        assert plain.context.cookies() == page.context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0


# The controls that Tab should reach, in the order of the page.
REACHED: Final = """() => {
    const all = "a[href], button, input, select, textarea, summary, iframe, [tabindex]";
    window.reached = [...document.querySelectorAll(all)].filter(one =>
        one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true}));
    document.activeElement.blur();
    return window.reached.length;
}"""
# The fault of the control that should have the focus; blank if none.
FOCUS: Final = """place => {
    const one = document.activeElement, style = getComputedStyle(one);
    const told = `${place}: ${one.outerHTML.slice(0, 200)}`;
    if (one !== window.reached[place]) return `not in order, ${told}`;
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1)
        return `focus not seen, ${told}`;
    const {top, bottom, left, right} = one.getBoundingClientRect();
    if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth)
        return `outside the window, ${told}`;
    const name = one.ariaLabel || one.innerText || one.labels?.[0]?.innerText || one.title;
    return name?.trim() ? "" : `without a name, ${told}`;
}"""


def walk(page: Page) -> list[str]:
    """Press Tab through a page; return the faults."""
    wrong = []
    for place in range(page.evaluate(REACHED)):
        page.keyboard.press("Tab")
        if found := page.evaluate(FOCUS, place):
            wrong.append(found)
    return wrong


class TestKeyboard:
    def test_skip_link(self, visit: Callable[..., Page]) -> None:
        page = visit("front")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name=re.compile("skip", re.IGNORECASE))
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")

    @pytest.mark.parametrize("kind", STORIES)
    def test_original_comes_first(self, visit: Callable[..., Page], kind: str) -> None:
        """On a story's page the link to the original is the first control."""
        page = visit(kind)
        assert page.evaluate(REACHED)
        first = page.evaluate(
            "window.reached.find(one => one.closest('main') === document.querySelector('main'))"
            ".innerText"
        )
        assert re.match("(Read|Watch) at ", first)

    def test_search_from_anywhere(self, visit: Callable[..., Page], newsroom: Newsroom) -> None:
        page = visit("article-bare", java_script_enabled=False)
        field = page.get_by_role("searchbox").first
        field.fill("another")
        field.press("Enter")
        page.wait_for_url("**/search/?q=another**")

    def test_next_and_previous(self, visit: Callable[..., Page]) -> None:
        page = visit("latest", java_script_enabled=False)
        first = page.get_by_role("main").inner_text()
        page.get_by_role("link", name="Next page", exact=True).press("Enter")
        page.wait_for_url("**/latest/?after=*")
        page.get_by_role("link", name="First page").press("Enter")
        page.wait_for_url(re.compile(r"/latest/\??$"))
        assert page.get_by_role("main").inner_text() == first


class TestSeen:
    """The checks above find faults that are planted here."""

    def test_shift(self, visit: Callable[..., Page]) -> None:
        page = visit("front")
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => {"
            " document.body.prepend(Object.assign(document.createElement('h2'),"
            " {textContent: 'Something that came late'})); requestAnimationFrame(done); }))"
        )
        assert page.evaluate(LAYOUT_SHIFT) > 0

    def test_focus_that_cannot_be_seen(self, visit: Callable[..., Page]) -> None:
        page = visit("nowhere")
        page.evaluate("document.links[1].style.outline = 'none'")
        (wrong,) = walk(page)
        assert "focus not seen" in wrong

    def test_order_that_is_not_the_pages(self, visit: Callable[..., Page]) -> None:
        page = visit("nowhere")
        page.evaluate("document.links[2].tabIndex = 5")
        assert any("not in order" in wrong for wrong in walk(page))

    def test_minor_violation(self, visit: Callable[..., Page]) -> None:
        page = visit("nowhere")
        page.evaluate("document.querySelector('h1').textContent = ''")
        with pytest.raises(AssertionError, match=r"empty-heading \(minor\)"):
            assert_sound(page, looks=[NARROW], impacts=ANY)
