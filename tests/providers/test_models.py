"""The logos of providers: which are valid, and which one a page shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from providers.models import Provider

LARGE = {"url": "https://a.example/400.png", "width": 400, "height": 400}
SMALL = {"url": "https://a.example/50.png", "width": 50, "height": 50}
LOCAL = {"url": "/assets/20.png", "width": 20, "height": 20}


class TestLogo:
    def test_the_smallest_that_a_page_can_show(self) -> None:
        assert Provider(logos=[LARGE | {"width": 800}, LOCAL, SMALL, LARGE]).logo == LARGE

    def test_the_largest_where_all_are_small(self) -> None:
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
