"""The files at fixed URLs follow their standards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.robotparser import RobotFileParser

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from articles.site.well_known import contact_address, expiry

ADDRESSES = ["/robots.txt", "/.well-known/security.txt", "/humans.txt", "/favicon.ico"]


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.SITE_URL = "https://news.example"
    settings.SITE_CONTACT = "mailto:desk@news.example"


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    text = response.content.decode()
    assert text.endswith("\n")
    return text


@pytest.mark.django_db
class TestRobots:
    def test_as_a_crawler_reads_it(self, client: Client) -> None:
        robots = RobotFileParser()
        robots.parse(read(client, "/robots.txt").splitlines())

        for path in ("/", "/news/2026-03-01-story/", "/search/?q=cats", "/static/a.css"):
            assert robots.can_fetch("Googlebot", f"https://news.example{path}")
        assert not robots.can_fetch("Googlebot", "https://news.example/admin/")
        assert robots.site_maps() == [
            "https://news.example/sitemap.xml",
            "https://news.example/news-sitemap.xml",
        ]

    def test_the_sitemaps_are_there(self, client: Client, settings: Any) -> None:
        settings.SITE_URL = ""
        robots = RobotFileParser()
        robots.parse(read(client, "/robots.txt").splitlines())
        for address in robots.site_maps() or []:
            assert client.get(address.removeprefix("http://testserver")).status_code == 200


@pytest.mark.django_db
class TestSecurity:
    def test_fields(self, client: Client) -> None:
        lines = read(client, "/.well-known/security.txt").splitlines()
        fields = dict(line.split(": ", 1) for line in lines)

        assert len(fields) == len(lines)
        assert fields["Contact"] == "mailto:desk@news.example"
        assert fields["Canonical"] == "https://news.example/.well-known/security.txt"
        assert fields["Preferred-Languages"] == "en"
        left = datetime.fromisoformat(fields["Expires"]) - timezone.now()
        # The standard recommends less than a year, and it must not expire while somebody reads it.
        assert timedelta(days=100) < left < timedelta(days=365)

    def test_language_of_the_site_first(self, client: Client, settings: Any) -> None:
        settings.LANGUAGE_CODE = "es-mx"
        assert "\nPreferred-Languages: es, en\n" in read(client, "/.well-known/security.txt")

    def test_not_there_without_a_contact(self, client: Client, settings: Any) -> None:
        settings.SITE_CONTACT = ""
        assert client.get("/.well-known/security.txt").status_code == 404

    @pytest.mark.parametrize(
        ("contact", "address"),
        [
            ("mailto:desk@news.example", "mailto:desk@news.example"),
            ("desk@news.example", "mailto:desk@news.example"),
            ("https://news.example/security", "https://news.example/security"),
            # Each field stays on one line.
            ("https://news.example/\r\nExpires: x", "https://news.example/%0D%0AExpires:%20x"),
        ],
    )
    def test_contact(self, contact: str, address: str) -> None:
        assert contact_address(contact) == address

    def test_expires_at_the_same_time_all_day(self) -> None:
        day = datetime(2026, 3, 1, tzinfo=UTC)
        assert expiry(day) == expiry(day + timedelta(hours=23))
        assert expiry(day) == datetime(2026, 8, 28, tzinfo=UTC)


@pytest.mark.django_db
class TestHumans:
    def test_names_the_site(self, client: Client, settings: Any) -> None:
        settings.SITE_NAME = "The Gazette"
        settings.SITE_TAGLINE = "News of the valley"
        text = read(client, "/humans.txt")
        assert text.startswith(
            "The Gazette\nNews of the valley\nhttps://news.example/\nmailto:desk@news.example\n\n"
        )
        assert "belong to the publishers" in text

    def test_no_blank_values_with_few_settings(self, client: Client, settings: Any) -> None:
        settings.SITE_TAGLINE = settings.SITE_CONTACT = ""
        assert read(client, "/humans.txt").startswith("Newsroom\nhttps://news.example/\n\nThe rep")


@pytest.mark.django_db
class TestFavicon:
    def test_leads_to_the_icon_of_the_pages(self, client: Client) -> None:
        response = client.get("/favicon.ico")
        assert response.status_code == 302
        assert response["Location"] == "/static/articles/icon.svg"
        assert finders.find("articles/icon.svg")


@pytest.mark.django_db
class TestEveryFile:
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_cached_for_a_day_and_the_same_for_everybody(
        self, admin_client: Client, address: str
    ) -> None:
        response = admin_client.get(address)
        assert response["Cache-Control"] == "max-age=86400"
        assert "Set-Cookie" not in response
        assert "Cookie" not in response.get("Vary", "")

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_fail_to_send(self, client: Client, address: str) -> None:
        assert client.post(address).status_code == 405
