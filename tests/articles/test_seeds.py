"""The two documents of ``seeds/`` on readers' pages: one story, led by New York Post."""

from __future__ import annotations

import html
import re
from typing import Final

import pytest
from django.test import Client

from tests.articles.importing.test_seeds import CITY_AM, NEW_YORK_POST
from tests.articles.samples import SEEDS, load

pytestmark = pytest.mark.django_db

LEADS_ADDRESS: Final = f"/news/{NEW_YORK_POST}/"
LEAD: Final = (
    "h2",
    LEADS_ADDRESS,
    (
        "De Blasio calls for \N{LEFT SINGLE QUOTATION MARK}clear standards\N{RIGHT SINGLE QUOTATION MARK}"
        " for facial recognition tech for NYPD"
    ),
)
CITY_AMS: Final = (
    (
        "https://www.cityam.com/is-facial-recognition-technology-finally-being-seen-for-the-dystopian"
        "-threat-it-is/"
    ),
    "Is facial recognition technology finally being seen for the dystopian threat it is?",
)
THE_STARS: Final = (
    (
        "https://www.thestar.com.my/metro/metro-news/2020/08/18/convenience-store-boosts-security-with"
        "-facial-recognition-technology"
    ),
    "Convenience store boosts security with facial recognition technology",
)


@pytest.fixture(autouse=True)
def _seeds(db: None) -> None:
    load(SEEDS)


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


def headings(page: str) -> list[tuple[str, str, str]]:
    """Return the linked headlines of a page: heading level, URL and text."""
    found = re.findall(r"<(h[12])[^>]*>\s*<a\s+href=\"([^\"]+)\"[^>]*>(.*?)</a>", page, re.DOTALL)
    return [(tag, html.unescape(to), html.unescape(words).strip()) for tag, to, words in found]


def coverage(page: str) -> list[tuple[str, str]]:
    """Return the URLs and headlines of the reports below a lead."""
    told = re.split(r'class="(?:coverage|reports)"', page, maxsplit=1)[1].partition("</article>")[0]
    found = re.findall(r"<a\s+href=\"(https[^\"]+)\"[^>]*>(.*?)</a>", told, re.DOTALL)
    return [(html.unescape(to), html.unescape(words).strip()) for to, words in found]


class TestReaders:
    @pytest.mark.parametrize("address", ["/", "/latest/"])
    def test_one_story_with_two_pieces_of_coverage(self, client: Client, address: str) -> None:
        page = read(client, address)

        assert headings(page) == [LEAD]
        assert page.count("<article") == 1
        assert coverage(page) == [CITY_AMS, THE_STARS]
        assert page.index("New York Post") < page.index("City A.M.") < page.index("The Star")

    def test_its_page(self, client: Client) -> None:
        page = read(client, LEADS_ADDRESS)

        assert "Read at New York Post" in page
        assert coverage(page) == [CITY_AMS, THE_STARS]

    def test_city_ams_address_leads_there(self, client: Client) -> None:
        response = client.get(f"/news/{CITY_AM}/", follow=True)

        assert response.redirect_chain == [(LEADS_ADDRESS, 302)]

    def test_the_topics_show_both(self, client: Client) -> None:
        for slug in ("computer-vision", "ai"):
            page = read(client, f"/topics/{slug}/")
            # City A.M.'s report is newer; its headline links to the original.
            assert headings(page) == [("h2", *CITY_AMS), LEAD]
            assert "Coverage of" in page

    def test_city_am_shows_it_as_coverage(self, client: Client) -> None:
        page = read(client, "/providers/cityam.com/")

        assert headings(page) == [("h2", *CITY_AMS)]
        assert f'href="{LEADS_ADDRESS}"' in page.partition("Coverage of")[2]
        assert "even Silicon Valley" not in page

    def test_provider_with_only_coverage_lists_nothing(self, client: Client) -> None:
        assert headings(read(client, "/providers/thestar.com.my/")) == []

    def test_lists_show_the_lead(self, client: Client) -> None:
        names = re.findall(r'href="/providers/([^/"]+)/"', read(client, "/providers/"))
        assert names == ["cityam.com", "nypost.com"]
        names = re.findall(r'href="/topics/([^/"]+)/"', read(client, "/topics/"))
        assert names == ["ai", "computer-vision"]
