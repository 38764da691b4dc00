"""Property tests of requests: any URL, in documents and in redirects."""

from __future__ import annotations

from http.client import HTTPMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsroom import outbound
from newsroom.outbound import Answer, Bounds, OutboundError, get, is_public
from tests.newsroom.connector import Connector


class TestAnything:
    """A request with any URL ends with a known error or reaches a public address."""

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
    @given(
        start=st.sampled_from(["http://", "https://[", "//", ""]),
        text=st.text(st.characters(max_codepoint=255), max_size=30) | st.text(max_size=30),
    )
    def test_ends_by_name(self, connector: Connector, start: str, text: str) -> None:
        location = f"{start}{text}".encode("latin-1", "replace").decode("latin-1")
        headers = HTTPMessage()
        headers.add_header("Location", location)
        answers = [Answer("http://cdn.example/", 302, headers, b"")]
        real = outbound._exchange

        def exchange(*arguments: Any) -> Answer:
            return answers.pop() if answers else real(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outbound, "_exchange", exchange)
            connector.names["cdn.example"] = [["127.0.0.1"]]
            try:
                get("http://cdn.example/", Bounds())
            except OutboundError:
                pass
        assert answers == []
        with pytest.raises(OutboundError):
            get(start + text, Bounds())
        assert all(map(is_public, connector.connected))
