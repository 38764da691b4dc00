"""Client addresses."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from newsroom.client_address import client_address


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        # A Unix socket has no address.
        ("", None),
        ("unix:", None),
    ],
)
def test_of_the_connection(settings: Settings, connection: str, expected: str | None) -> None:
    request = RequestFactory(REMOTE_ADDR=connection).get(
        "/", headers={"X-Forwarded-For": "1.2.3.4"}
    )
    settings.BEHIND_PROXY = False
    assert client_address(request) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("203.0.113.5", "203.0.113.5"),
        # The client made up the first one.
        ("1.2.3.4, 203.0.113.5", "203.0.113.5"),
        ("1.2.3.4,2001:db8:1:2:3::", "2001:db8:1:2::"),
        ("", "127.0.0.1"),
        ("1.2.3.4, nonsense", None),
    ],
)
def test_behind_a_proxy(settings: Settings, header: str, expected: str | None) -> None:
    settings.BEHIND_PROXY = True
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header})
    assert client_address(request) == expected
