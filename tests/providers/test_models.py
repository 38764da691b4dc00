"""Providers: their logos and domains."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from providers.models import FormerDomain, Provider

LARGE = {"url": "https://a.example/400.png", "width": 400, "height": 400}
SMALL = {"url": "https://a.example/50.png", "width": 50, "height": 50}
LOCAL = {"url": "/assets/20.png", "width": 20, "height": 20}


class TestLogo:
    def test_the_smallest_that_a_page_can_show(self) -> None:
        assert Provider(logos=[LARGE | {"width": 800}, LOCAL, SMALL, LARGE]).logo == LARGE

    def test_the_largest_if_all_are_small(self) -> None:
        smaller = SMALL | {"width": 40}
        assert Provider(logos=[smaller, LOCAL, SMALL, {"url": SMALL["url"]}]).logo == SMALL

    def test_none(self) -> None:
        assert Provider(logos=[LOCAL]).logo is None
        assert Provider(logos=[]).logo is None


class TestClean:
    def test_success(self) -> None:
        provider = Provider(domain=" A.Example ", logos=[LARGE, LOCAL, {"url": "/x.png"}])
        provider.clean()

        assert provider.domain == "a.example"

    @pytest.mark.parametrize("written", ["büro.example", "bu\u0308ro.example", " www.BÜRO.example"])
    def test_domain_in_any_letters(self, written: str) -> None:
        provider = Provider(domain=written, name="A")
        provider.clean()

        assert provider.domain == "xn--bro-hoa.example"

    @pytest.mark.parametrize(
        "domain", ["a.example/live", "a b.example", "a..example", "-a", "a:80"]
    )
    def test_fail_domain(self, domain: str) -> None:
        with pytest.raises(ValidationError, match="Enter a domain"):
            Provider(domain=domain, name="A").clean()

    def test_control_characters_are_left_out(self) -> None:
        provider = Provider(domain="a.example", name="A\x1b", description="B\x9b", notes="C\x07")
        provider.clean()

        assert (provider.name, provider.description, provider.notes) == ("A", "B", "C")

    @pytest.mark.parametrize("name", ["\u200b", "&nbsp;", "\x07", "\u3164"])
    def test_fail_invisible_name(self, name: str) -> None:
        with pytest.raises(ValidationError, match="readers can see"):
            Provider(domain="a.example", name=name).clean()

    @pytest.mark.parametrize(
        "logos",
        [
            "https://a.example/50.png",
            ["https://a.example/50.png"],
            [{}],
            [{"url": 5}],
            [{"url": "javascript:alert(1)"}],
            [SMALL | {"width": "50"}],
            [SMALL | {"height": -1}],
            {"url": "https://a.example/50.png"},
        ],
    )
    def test_fail_logos(self, logos: Any) -> None:
        with pytest.raises(ValidationError, match="list of images"):
            Provider(domain="a.example", logos=logos).clean()


class TestWww:
    def test_is_not_part_of_a_domain(self) -> None:
        provider = Provider(domain=" WWW.A.example ", name="A")
        provider.clean()
        assert provider.domain == "a.example"

    @pytest.mark.django_db
    def test_is_removed_by_a_migration(self) -> None:
        for domain in ("www.a.example", "www.b.example", "b.example", "wwwc.example"):
            Provider.objects.create(domain=domain, name=domain)
        import_module("providers.migrations.0004_plain_domains").drop_www(apps, None)
        domains = ["a.example", "b.example", "www.b.example", "wwwc.example"]
        assert sorted(Provider.objects.values_list("domain", flat=True)) == domains
        former = FormerDomain.objects.get()
        assert (former.domain, former.provider.domain) == ("www.a.example", "a.example")
