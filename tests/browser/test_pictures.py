"""Stored pictures in a browser: the right copy, no other host, no layout shift."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from playwright.sync_api import Page

from articles.models import Article, StoredImage
from tests.articles.kept import keep_picture
from tests.articles.states import HOUR
from tests.browser.axe import ANY
from tests.browser.chromium import DESKTOP, READER_LOOKS, Look
from tests.browser.conftest import OpenPage
from tests.browser.sound import assert_sound
from tests.browser.test_reader import LAYOUT_SHIFT
from tests.factories import make_article, make_provider, make_topic, relate

TITLES: Final = (
    "A city that planted ten thousand trees counts what they are worth",
    "The bridge opens a year late, and under budget",
    "Ferries go electric",
    "What the archive of a small newspaper says about a century of weather",
    "A trial of night trains between two capitals is sold out within hours of the first announcement",
    "Library cards for everybody",
    "Orchards in the north bloom earlier",
    "A court upholds limits on what cameras may recognize",
)
SIZES: Final = (
    (1400, 900),
    (1400, 600),
    (700, 1400),
    (300, 200),
    (1400, 900),
    None,
    (900, 900),
    None,
)
"""Sizes of the stories' pictures: wide, flat, tall, small, none."""
PLACES: Final = {"front": "/", "latest": "/latest/", "topic": "/topics/cities/", "story": ""}
places = pytest.mark.parametrize("place", PLACES)


@pytest.fixture
def lead(transactional_db: None) -> Article:
    """Store stories with pictures of every shape, and some without; return the first."""
    topic = make_topic("Cities")
    now = timezone.now()
    stories = [
        make_article(
            title=title,
            excerpt="What it took, who paid, and why others watch. " * 3,
            quality=95 - number,
            topics=(topic,),
            provider=make_provider(name=title.split()[1].capitalize() + " Gazette"),
            published_at=now - number * HOUR,
        )
        for number, title in enumerate(TITLES)
    ]
    for number, (story, size) in enumerate(zip(stories, SIZES, strict=True)):
        if size:
            about = {"title": f"Picture {number}", "attribution": "A. Photographer / An agency"}
            keep_picture(story, number, size, **about)
        reports = [
            make_article(coverage_only=True, title=f"{TITLES[place]}, say others")
            for place in range(number % 5 and 6 - number % 5)
        ]
        relate(story, *reports)
    relate(stories[0], *(make_article(coverage_only=True) for _ in range(7)))
    return stories[0]


@pytest.fixture
def visit(open_page: OpenPage, lead: Article) -> Callable[..., Page]:
    """Yield ``visit(place, look=DESKTOP, **options)``, which opens a page and loads all
    pictures."""

    def visit(place: str, look: Look = DESKTOP, **options: Any) -> Page:
        page = open_page(look=look, **options)
        page.goto(PLACES[place] or lead.get_absolute_url())
        scroll(page)
        return page

    return visit


def scroll(page: Page) -> None:
    """Scroll down the page and wait until each picture is loaded or has failed."""
    for image in page.locator(".picture img").all():
        image.scroll_into_view_if_needed()
        image.evaluate(
            "one => one.complete || new Promise(done => one.onload = one.onerror = done)"
        )


FRAMES: Final = """() => [...document.querySelectorAll(".picture")].map(one => {
    const {x, y, width, height} = one.getBoundingClientRect();
    return [x, y + scrollY, width, height];
})"""
LOADED: Final = """() => [...document.querySelectorAll(".picture img:not([src^='data:'])")]
    .map(one => [one.currentSrc, one.naturalWidth])"""


class TestPictures:
    @places
    @pytest.mark.parametrize("width", [1280, 768, 320])
    def test_come_without_a_shift(self, visit: Callable[..., Page], place: str, width: int) -> None:
        """Pictures come only from this site: a request to another host counts as a fault."""
        page = visit(place, next(look for look in READER_LOOKS if look.width == width))
        loaded = page.evaluate(LOADED)
        assert len(loaded) == (1 if place == "story" else 6)
        assert [address for address, natural in loaded if not natural] == []
        assert page.evaluate(LAYOUT_SHIFT) == 0

    @places
    def test_are_sound(self, visit: Callable[..., Page], place: str) -> None:
        page = visit(place)
        assert_sound(page, looks=READER_LOOKS, impacts=ANY)

    @places
    def test_missing_ones_keep_their_places(
        self, visit: Callable[..., Page], faults: list[str], place: str
    ) -> None:
        there = visit(place).evaluate(FRAMES)
        for stored in StoredImage.objects.all():
            for name in stored.names():
                default_storage.delete(name)
        page = visit(place)
        assert {natural for _, natural in page.evaluate(LOADED)} == {0}
        assert page.evaluate(FRAMES) == there
        assert page.evaluate(LAYOUT_SHIFT) == 0
        assert faults
        faults[:] = [one for one in faults if "status of 404" not in one]

    @pytest.mark.parametrize(
        ("place", "width", "density", "expected"),
        [
            ("front", 320, 1, 320),
            ("front", 320, 3, 960),
            ("front", 768, 1, 320),
            ("front", 1280, 1, 640),
            ("front", 1280, 2, 960),
            ("story", 320, 1, 320),
            ("story", 768, 1, 960),
            ("story", 1280, 1, 960),
            ("story", 1280, 2, 1280),
        ],
    )
    def test_large_ones_fit_their_places(
        self, visit: Callable[..., Page], place: str, width: int, density: int, expected: int
    ) -> None:
        page = visit(place, Look("light", width, 800), device_scale_factor=density)
        address, _ = page.evaluate(LOADED)[0]
        chosen = re.search(r"-(\d+)\.(\w+)$", address)
        assert chosen is not None
        assert (int(chosen[1]), chosen[2]) == (expected, "avif")
        shown = page.locator("picture img").first.evaluate("one => one.clientWidth")
        # The picture is neither blurred nor more than twice as large as shown.
        assert 0.75 < expected / (shown * density) < 2

    def test_colors_come_first(self, visit: Callable[..., Page], faults: list[str]) -> None:
        """The policy forbids inline styles."""
        page = visit("latest", java_script_enabled=True)
        page.route("**/media/**", lambda route: route.abort())
        page.reload()
        colors = page.locator(".picture > svg").evaluate_all(
            "all => all.map(one => getComputedStyle(one).backgroundColor)"
        )
        expected = [
            f"rgb({', '.join(str(int(one.color[at : at + 2], 16)) for at in (1, 3, 5))})"
            for one in StoredImage.objects.order_by("pk")
        ]
        assert colors == expected
        # Requests for pictures may still fail: wait until none can be reported any more.
        page.close()
        faults[:] = [one for one in faults if "net::ERR_FAILED" not in one]

    def test_crops_keep_the_focal_point_visible(self, visit: Callable[..., Page]) -> None:
        StoredImage.objects.update(focal_x=0, focal_y=76)
        page = visit("latest")
        (position,) = set(
            page.locator(".picture > img").evaluate_all(
                "all => all.map(one => getComputedStyle(one).objectPosition)"
            )
        )
        assert position == "0% 75%"
