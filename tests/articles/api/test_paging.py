"""The API's parameters, tested exactly at their limits."""

from __future__ import annotations

import pytest
from django.test import Client

from articles.api import hub, news, paging
from articles.site.filters import MOST_VALUES
from tests.articles.api.reading import read, refuse
from tests.articles.api.test_news import NEWS
from tests.factories import make_article, make_topic

pytestmark = pytest.mark.django_db

TOPICS = "/api/v1/topics/"


class TestLimit:
    def test_default_is_25(self, client: Client) -> None:
        for _ in range(26):
            make_article()
        page = read(client, NEWS)
        assert len(page["value"]) == paging.PAGE_SIZE == 25
        assert page["next"] is not None

    def test_a_full_last_page_has_no_next(self, client: Client) -> None:
        for number in range(3):
            make_article(topics=(make_topic(f"Topic {number}", source={}),))
        for address in (NEWS, TOPICS):
            page = read(client, address, limit=3)
            assert (len(page["value"]), page["next"]) == (3, None), address
            page = read(client, address, limit=2)
            assert len(page["value"]) == 2, address
            assert page["next"], address

    def test_from_1_to_100(self, client: Client) -> None:
        for _ in range(2):
            make_article()
        assert len(read(client, NEWS, limit=1)["value"]) == 1
        assert len(read(client, NEWS, limit=100)["value"]) == 2
        for text in ("0", "101", "-1", "1.0", "", "²", "\u0661", "x", "9" * 5000):
            problem = refuse(client, NEWS, 400, limit=text)
            assert problem["errors"] == [
                {"parameter": "limit", "detail": "Enter a number from 1 to 100."}
            ], text[:20]

    def test_of_updates(self, client: Client) -> None:
        for _ in range(3):
            make_article()
        page = read(client, NEWS, updatedSince="", limit=3)
        assert (len(page["value"]), page["more"]) == (3, False)
        page = read(client, NEWS, updatedSince="", limit=2)
        assert (len(page["value"]), page["more"]) == (2, True)


class TestCursor:
    def test_belongs_to_its_list_and_order(self, client: Client) -> None:
        for _ in range(2):
            make_article(topics=(make_topic(source={}),))
        cursor = read(client, NEWS, limit=1)["next"].partition("cursor=")[2]
        read(client, NEWS, limit=1, cursor=cursor)
        for address, parameters in ((TOPICS, {}), (NEWS, {"ordering": "top"})):
            problem = refuse(client, address, 400, cursor=cursor, **parameters)
            assert problem["errors"][0]["parameter"] == "cursor"


class TestFilters:
    @pytest.mark.parametrize("name", ["topic", "provider"])
    def test_number_and_length_of_names(self, client: Client, name: str) -> None:
        read(client, NEWS, **{name: [str(number) for number in range(MOST_VALUES)]})
        refuse(client, NEWS, 400, **{name: [str(number) for number in range(MOST_VALUES + 1)]})
        assert MOST_VALUES == 20
        read(client, NEWS, **{name: "a" * 253})
        refuse(client, NEWS, 400, **{name: "a" * 254})

    def test_minimum_heat(self, client: Client) -> None:
        make_article(quality=70, heat=70)
        assert len(read(client, NEWS, minimumHeat=70)["value"]) == 1
        assert read(client, NEWS, minimumHeat=71)["value"] == []
        read(client, NEWS, minimumHeat=32_767)
        refuse(client, NEWS, 400, minimumHeat=32_768)
        refuse(client, NEWS, 400, minimumHeat=-1)

    def test_length_of_times(self, client: Client) -> None:
        read(client, NEWS, since="2026-03-01T12:00:00.000000+00:00")
        refuse(client, NEWS, 400, since="2" * 65)


class TestHub:
    def test_pages_of_25(self, client: Client) -> None:
        for _ in range(25):
            make_article()
        first = "/api/news/index.json"
        assert read(client, first)["nextPage"] is None
        make_article()
        page = read(client, first)
        assert (len(page["value"]), page["nextPage"]) == (hub.PAGE_SIZE, 2) == (25, 2)

    def test_highest_page_and_heat(self, client: Client) -> None:
        make_article(quality=70, heat=70)
        for number in (2, hub.FARTHEST, hub.FARTHEST + 1, 10**30):
            refuse(client, f"/api/news/page{number}/index.json", 404)
        refuse(client, "/api/news/page0/index.json", 404)
        first = "/api/news/index.json"
        assert len(read(client, first, minimum_heat=70)["value"]) == 1
        assert read(client, first, minimum_heat=71)["value"] == []
        read(client, first, minimum_heat=10**6)
        refuse(client, first, 400, minimum_heat=10**6 + 1)


class TestHeatCursor:
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_numbers_that_the_column_can_hold(self, sign: str) -> None:
        assert news.HEAT.read(f"{sign}32767") == int(f"{sign}32767")
        with pytest.raises(ValueError, match="32768"):
            news.HEAT.read(f"{sign}32768")
