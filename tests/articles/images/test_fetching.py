"""Fetching one image from a server that may do anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from articles.images import fetching
from articles.images.fetching import MAX_URL_BYTES, FetchError, fetch
from newsroom.outbound import Bounds
from tests.articles.images.samples import GZIPPED, NOT_IMAGES, picture
from tests.articles.images.server import Server, drip, redirect, reply


class TestFetch:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
    def test_success_whatever_type_is_claimed(self, server: Server, kind: str) -> None:
        data = picture(kind)
        url = server.put("/a", reply(data, Content_Type="text/html", ETag='"1"'))
        fetched = fetch(url)
        assert (fetched.data, fetched.etag, fetched.last_modified) == (data, '"1"', "")

    def test_says_who_asks(self, server: Server) -> None:
        fetch(server.put("/a", picture()))
        (request,) = server.requests
        assert request.headers["user-agent"] == settings.IMAGE_USER_AGENT
        assert "Newsroom image keeper" in request.headers["user-agent"]
        assert "if-none-match" not in request.headers

    @pytest.mark.parametrize(("name", "data"), NOT_IMAGES.items())
    def test_fail_not_an_image(self, server: Server, name: str, data: bytes) -> None:
        with pytest.raises(FetchError) as caught:
            fetch(server.put("/a", reply(data, Content_Type="image/png")))
        assert name in str(caught.value)
        assert not caught.value.may_pass

    def test_fail_for_a_compressed_bomb(self, server: Server) -> None:
        with pytest.raises(FetchError, match="encoded as 'gzip'"):
            fetch(server.put("/a", reply(GZIPPED, Content_Encoding="gzip")))

    def test_fail_too_many_bytes(self, server: Server) -> None:
        with pytest.raises(FetchError, match="more than 10,000,000 bytes"):
            fetch(server.put("/a", reply(Content_Length="10000001")))

    def test_fail_url_too_long_to_store(self, server: Server) -> None:
        with pytest.raises(FetchError, match="more than 2,000 bytes"):
            fetch(server.url("/" + "ü" * 1000))
        assert server.requests == []

    def test_the_longest_address(self, server: Server) -> None:
        path = "/" + "a" * (MAX_URL_BYTES - len(server.url("/")))
        server.put(path, picture())
        assert fetch(server.url(path)).data == picture()
        with pytest.raises(FetchError, match="more than 2,000 bytes"):
            fetch(server.url(path + "a"))

    def test_fail_into_a_private_address(self, server: Server) -> None:
        with pytest.raises(FetchError, match="not public") as caught:
            fetch(server.put("/a", redirect("http://10.0.0.1/a.png")))
        assert not caught.value.may_pass

    def test_fail_in_time(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        bounds = fetching.bounds()
        assert (bounds.seconds, bounds.redirects) == (10, 3)
        assert bounds.ports == {80, 443}
        monkeypatch.setattr(fetching, "bounds", lambda: Bounds(seconds=0.1, exempt=server.exempt))
        with pytest.raises(FetchError, match=r"more than 0\.1 seconds") as caught:
            fetch(server.put("/a", drip(b"HTTP/1.1 200 OK\r\n\r\n\xff\xd8\xff", b"\0")))
        assert caught.value.may_pass

    def test_no_address_is_exempt_outside_of_tests(self) -> None:
        assert fetching.bounds().exempt == frozenset()


class TestConditions:
    def test_a_copy_that_is_current_is_not_sent_again(self, server: Server) -> None:
        url = server.put("/a", reply(status="304 Not Modified"))
        fetched = fetch(url, etag='"1"', last_modified="Sun, 01 Mar 2026 12:00:00 GMT")
        assert fetched.data is None
        assert fetched.etag == '"1"'
        (request,) = server.requests
        assert request.headers["if-none-match"] == '"1"'
        assert request.headers["if-modified-since"] == "Sun, 01 Mar 2026 12:00:00 GMT"

    def test_fail_where_none_was_requested(self, server: Server) -> None:
        with pytest.raises(FetchError, match="answers 304"):
            fetch(server.put("/a", reply(status="304 Not Modified")))

    @pytest.mark.parametrize("etag", ["a" * 201, '"ü"', "a\tb"])
    def test_invalid_validators_are_not_stored(self, server: Server, etag: str) -> None:
        assert fetch(server.put("/a", reply(picture(), ETag=etag))).etag == ""

    def test_the_longest_that_is_kept(self, server: Server) -> None:
        assert fetch(server.put("/a", reply(picture(), ETag="a" * 200))).etag == "a" * 200


class TestOtherAnswers:
    @pytest.mark.parametrize(
        ("status", "may_pass"),
        [
            (204, False),
            (206, False),
            (302, False),
            (400, False),
            (401, False),
            (403, False),
            (404, False),
            (408, True),
            (410, False),
            (429, True),
            (451, False),
            (500, True),
            (503, True),
        ],
    )
    def test_fail(self, server: Server, status: int, may_pass: bool) -> None:
        with pytest.raises(FetchError, match=f"answers {status}") as caught:
            fetch(server.put("/a", reply(status=f"{status} Word")))
        assert (caught.value.may_pass, caught.value.retry_at) == (may_pass, None)

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("120", 120),
            ("0", 0),
            ("Sun, 01 Mar 2020 12:00:00 GMT", 0),
            ("Sun, 01 Mar 2020 12:00:00 -0000", 0),
            ("Sun, 01 Mar 2099 12:00:00 GMT", 7 * 24 * 3600),
            ("9" * 4000, 7 * 24 * 3600),
            ("-5", None),
            ("soon", None),
            ("²", None),
            ("Sun, 99 Mar 2026 99:00:00 GMT", None),
            ("Sun, 01 Mar 99999 12:00:00 GMT", None),
        ],
    )
    def test_say_when_to_come_again(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, value: str, seconds: int | None
    ) -> None:
        now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        with pytest.raises(FetchError) as caught:
            fetch(server.put("/a", reply(status="429 Slow Down", Retry_After=value)))
        wanted = None if seconds is None else now + timedelta(seconds=seconds)
        assert caught.value.retry_at == wanted
