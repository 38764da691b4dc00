"""Requests reach only public addresses and end in time."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from newsroom import outbound
from newsroom.outbound import Bounds, OutboundError, RefusedError, UnreachableError, get, is_public
from tests.articles.images.server import (
    Answer,
    Server,
    drip,
    flood,
    raw,
    redirect,
    reply,
    serving,
)
from tests.newsroom.connector import DISGUISED, PRIVATE, PUBLIC, Connector


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


class TestIsPublic:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_fail(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize(
        "address", [PUBLIC, "1.1.1.1", "2606:2800:220:1::1", "2a00:1450:4001::200e"]
    )
    def test_success(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize("text", ["", "localhost", "127.1", "fe80::1%eth0", "1.2.3.4/8"])
    def test_fail_for_text_that_is_not_a_number(self, text: str) -> None:
        assert not is_public(text)


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


class TestPrivateAddresses:
    """Allow no connections, and no DNS queries that the network block would refuse."""

    @pytest.mark.parametrize("address", PRIVATE)
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_fail_by_number(self, connector: Connector, scheme: str, address: str) -> None:
        with pytest.raises(RefusedError, match="not public"):
            get(f"{scheme}://{in_url(address)}/a.png", Bounds())
        assert connector.connected == []

    @pytest.mark.parametrize("address", PRIVATE)
    def test_fail_by_name(self, connector: Connector, address: str) -> None:
        connector.names["cdn.example"] = [[PUBLIC, address]]
        with pytest.raises(RefusedError, match="not public"):
            get("http://cdn.example/a.png", Bounds())
        assert connector.connected == []

    @pytest.mark.parametrize("host", DISGUISED)
    def test_fail_in_disguise(self, connector: Connector, host: str) -> None:
        # Some systems read the first as a number, others look it up as a name.
        for name in ("127.0.0.1.", "localhost", "localhost."):
            connector.names[name] = [["127.0.0.1"]]
        with pytest.raises(OutboundError):
            get(f"http://{host}/", Bounds())
        assert connector.connected == []

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://cdn.example/a.png",
            "gopher://cdn.example/",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "//cdn.example/a.png",
            "/a.png",
            "",
            "http://",
            "http:///a.png",
            "http://user@cdn.example/",
            "http://user:word@cdn.example/",
            "http://@cdn.example/",
            "http://cdn.example\\@127.0.0.1/",
            "http://cdn.example /",
            "http://cdn.example/\r\nHost: other.example",
            "http://cdn.example\t/",
            " http://cdn.example/",
            "http://cdn.example:22/",
            "http://cdn.example:6379/",
            "http://cdn.example:0/",
            "http://cdn.example:99999/",
            "http://cdn.example:port/",
            "http://[::1/",
            "http://[fe80::1%25eth0]/",
            "http://[v1.x]/",
            "http://cdn..example/",
            "http://" + "a" * 64 + ".example/",
            "http://" + "a." * 200 + "example/",
            "http://cdn%2eexample/",
        ],
    )
    def test_fail_for_a_malformed_url(self, connector: Connector, url: str) -> None:
        connector.names["cdn.example"] = [[PUBLIC]]
        with pytest.raises(RefusedError):
            get(url, Bounds())
        assert (connector.asked, connector.connected) == ([], [])

    def test_connects_to_the_address_that_was_checked(self, connector: Connector) -> None:
        # A second lookup would resolve to this machine; none happens.
        connector.names["rebinding.example"] = [[PUBLIC], ["127.0.0.1"]]
        with pytest.raises(UnreachableError, match="refused"):
            get("http://rebinding.example/", Bounds())
        assert connector.asked == ["rebinding.example"]
        assert connector.connected == [PUBLIC]

    def test_a_redirect_to_the_same_name_looks_it_up_again(
        self, connector: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The first lookup leads to a public server, and its redirect causes the second lookup.
        ours, theirs = socket.socketpair()
        monkeypatch.setattr(outbound, "_connect", lambda *_: ours)
        connector.names["rebinding.example"] = [[PUBLIC], ["10.0.0.1"]]
        theirs.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")
        with theirs, pytest.raises(RefusedError, match=r"leads to 10\.0\.0\.1"):
            get("http://rebinding.example/", Bounds())
        assert connector.asked == ["rebinding.example"] * 2

    def test_all_addresses_of_a_name_are_tried(self, connector: Connector) -> None:
        connector.names["cdn.example"] = [["2606:2800:220:1::1", PUBLIC, PUBLIC]]
        with pytest.raises(UnreachableError, match="refused"):
            get("https://cdn.example/", Bounds())
        assert connector.connected == ["2606:2800:220:1::1", PUBLIC]

    @pytest.mark.parametrize(
        "name", ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"]
    )
    def test_ignores_proxies_of_the_environment(
        self, connector: Connector, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
        connector.names["cdn.example"] = [[PUBLIC]]
        with pytest.raises(UnreachableError):
            get("http://cdn.example/", Bounds())
        assert connector.connected == [PUBLIC]


class TestRedirects:
    def bounds(self, server: Server) -> Bounds:
        return Bounds(exempt=server.exempt)

    def test_success_at_the_limit(self, server: Server) -> None:
        server.put("/a", redirect("/b"))
        server.put("/b", redirect("c?x=ü", "301 Moved Permanently"))
        server.put("/c?x=%C3%83%C2%BC", redirect(server.url("/d"), "308 Permanent Redirect"))
        server.put("/c?x=%C3%BC", redirect(server.url("/d"), "308 Permanent Redirect"))
        answer = get(server.put("/d", b"image"), self.bounds(server))
        assert answer.body == b"image"
        answer = get(server.url("/a"), self.bounds(server))
        assert (answer.url, answer.body) == (server.url("/d"), b"image")

    @pytest.mark.parametrize("allowed", [0, 1, 2])
    def test_as_many_as_allowed(self, server: Server, allowed: int) -> None:
        for number in range(3):
            server.put(f"/{number}", redirect(f"/{number + 1}"))
        server.put("/3", b"image")
        bounds = Bounds(exempt=server.exempt, redirects=allowed)
        assert get(server.url(f"/{3 - allowed}"), bounds).body == b"image"
        with pytest.raises(RefusedError, match=f"more than {allowed} times"):
            get(server.url(f"/{2 - allowed}"), bounds)

    def test_fail_in_a_circle(self, server: Server) -> None:
        server.put("/a", redirect("/b"))
        server.put("/b", redirect("/a"))
        with pytest.raises(RefusedError, match="more than 3 times"):
            get(server.url("/a"), self.bounds(server))
        assert server.paths() == ["/a", "/b", "/a", "/b"]

    @pytest.mark.parametrize(
        "location",
        [
            "http://127.0.0.1:1/",
            "//127.0.0.1:1/",
            "//localhost/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "https://2130706433/",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::ffff:127.0.0.1]/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "\\\\127.0.0.1\\a",
            "http://user@127.0.0.1/",
            "http:// /",
            "http://[/",
            "http://[::1",
            "http://127.0.0.1:port/",
        ],
    )
    def test_fail_into_private_addresses(self, server: Server, location: str) -> None:
        url = server.put("/a", redirect(location))
        with pytest.raises(OutboundError):
            get(url, self.bounds(server))
        assert server.paths() == ["/a"]

    def test_an_exempt_server_exempts_no_other_port_and_address(self, server: Server) -> None:
        with serving() as other, pytest.raises(RefusedError):
            get(other.url("/"), self.bounds(server))
        with pytest.raises(RefusedError, match="not public"):
            get(f"http://127.0.0.2:{server.port}/", self.bounds(server))
        # Port 80 is allowed, but the exemption is for another port.
        with pytest.raises(RefusedError, match="not public"):
            get("http://127.0.0.1/", self.bounds(server))
        assert (other.requests, server.requests) == ([], [])

    def test_exempt_servers_do_not_share_their_ports(self, server: Server) -> None:
        bounds = Bounds(exempt=server.exempt | {("127.0.0.2", 8080)})
        for url in ("http://127.0.0.1:8080/", f"http://127.0.0.2:{server.port}/"):
            with pytest.raises(RefusedError, match="not public"):
                get(url, bounds)
        assert server.requests == []

    def test_a_redirect_without_location_is_a_response(self, server: Server) -> None:
        url = server.put("/a", reply(status="302 Found"))
        assert get(url, self.bounds(server)).status == 302


class TestRequests:
    def test_send_user_agent_and_ask_for_no_encoding(self, server: Server) -> None:
        bounds = Bounds(exempt=server.exempt, user_agent="News (+https://news.example)")
        get(server.url("/ä ö"[:2] + "?q=ü#part"), bounds, {"Accept": "image/png"})
        (request,) = server.requests
        assert request.path == "/%C3%A4?q=%C3%BC"
        assert request.headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": "News (+https://news.example)",
            "accept-encoding": "identity",
            "connection": "close",
            "accept": "image/png",
        }

    def test_tls_checks_the_name_not_the_address(
        self, connector: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = []
        ours, theirs = socket.socketpair()

        def wrap(self: object, sock: socket.socket, server_hostname: str) -> socket.socket:
            names.append(server_hostname)
            theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return sock

        monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
        monkeypatch.setattr(outbound, "_connect", lambda *_: ours)
        connector.names["xn--bcher-kva.example"] = [[PUBLIC]]
        with theirs:
            assert get("https://BÜCHER.example/a", Bounds()).body == b"ok"
            head = theirs.recv(1000).decode()
        assert names == ["xn--bcher-kva.example"]
        assert "\r\nHost: xn--bcher-kva.example\r\n" in head
        assert ours.fileno() == -1

    def test_certificates_are_checked(self) -> None:
        context = outbound._tls()
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname


OK = b"HTTP/1.1 200 OK\r\n"
HUGE = 1 << 40

SLOW: dict[str, Answer] = {
    "says nothing": drip(b"", b""),
    "drips its status": drip(b"", b"H"),
    "drips headers": drip(OK, b"X-A: b\r\n"),
    "drips one header": drip(OK + b"X-A: ", b"b"),
    "drips continues": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips the body": drip(OK + b"Content-Length: 1000\r\n\r\n", b"b"),
    "drips a body without a length": drip(OK + b"\r\n", b"b"),
    "drips chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nb\r\n"),
    "drips a chunk's length": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "drips trailers": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"),
    "never ends": drip(OK + b"Content-Length: 10\r\n\r\nbody", b""),
}
BROKEN: dict[str, Answer] = {
    "hangs up": raw(b""),
    "speaks no HTTP": raw(b"220 mail.example ESMTP\r\n"),
    "speaks an old HTTP": raw(b"<html></html>"),
    "has an odd status": raw(b"HTTP/1.1 xyz\r\n\r\n"),
    "has a huge status line": raw(b"HTTP/1.1 200 " + b"a" * 100_000 + b"\r\n\r\n"),
    "has a huge header": raw(OK + b"X-A: " + b"b" * 100_000 + b"\r\n\r\n"),
    "has headers without end": raw(OK + b"X-A: b\r\n" * 1000 + b"\r\n"),
    "stops early": raw(OK + b"Content-Length: 100\r\n\r\nbody"),
    "stops early in a chunk": raw(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nbody"),
    "has a chunk of no length": raw(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nbody\r\n"),
    "has a chunk of negative length": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nbo\r\n"),
}
LARGE: dict[str, Answer] = {
    "says so": raw(OK + b"Content-Length: %d\r\n\r\n" % HUGE),
    "says nothing": flood(OK + b"\r\n"),
    "comes in one chunk": flood(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n"),
}


class TestBounds:
    @pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
    def test_fail_when_too_slow(self, server: Server, answer: Answer) -> None:
        url = server.put("/a", answer)
        with pytest.raises(UnreachableError, match=r"more than 0\.2 seconds"):
            get(url, Bounds(seconds=0.2, exempt=server.exempt))

    def test_redirects_share_one_time_limit(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = iter(range(0, 10_000, 1))
        monkeypatch.setattr(outbound, "monotonic", lambda: float(next(clock)))
        url = server.put("/a", redirect("/a"))
        with pytest.raises(UnreachableError, match="more than 20 seconds"):
            get(url, Bounds(seconds=20, redirects=1000, exempt=server.exempt))

    def test_fail_when_a_handshake_takes_too_long(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            bounds = Bounds(seconds=0.3, exempt=frozenset({("127.0.0.1", port)}))

            def drip_a_record() -> None:
                connection, _ = listener.accept()
                with connection:
                    # A 16 KB record arrives one byte at a time, and no single byte is late.
                    connection.sendall(b"\x16\x03\x03\x40\x00")
                    hung_up = threading.Event()
                    while not hung_up.wait(0.02):
                        try:
                            connection.sendall(b"\0")
                        except OSError:
                            hung_up.set()

            thread = threading.Thread(target=drip_a_record)
            thread.start()
            with pytest.raises(UnreachableError, match=r"more than 0\.3 seconds"):
                get(f"https://127.0.0.1:{port}/", bounds)
            thread.join(30)
            assert not thread.is_alive()

    def test_fail_when_a_name_is_looked_up_for_too_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = socket.socketpair()

        def wait(*_: object, **__: object) -> list[Any]:
            return [ours.recv(1)]

        monkeypatch.setattr(socket, "getaddrinfo", wait)
        with ours, theirs:
            with pytest.raises(UnreachableError, match=r"more than 0\.1 seconds"):
                get("http://slow.example/", Bounds(seconds=0.1))
            theirs.sendall(b".")

    def test_fail_for_an_unknown_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(UnreachableError, match=r"none\.example cannot be found"):
            get("http://none.example/", Bounds())

    @pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
    def test_fail_for_a_malformed_response(self, server: Server, answer: Answer) -> None:
        url = server.put("/a", answer)
        with pytest.raises(UnreachableError) as caught:
            get(url, Bounds(exempt=server.exempt))
        assert len(str(caught.value)) < 300
        assert "seconds" not in str(caught.value)

    @pytest.mark.parametrize("answer", LARGE.values(), ids=LARGE)
    def test_fail_when_too_large(self, server: Server, answer: Answer) -> None:
        url = server.put("/a", answer)
        with pytest.raises(RefusedError, match="It has more than 1,000,000 bytes"):
            get(url, Bounds(max_bytes=1_000_000, exempt=server.exempt))

    def test_reads_no_more_than_content_length(self, server: Server) -> None:
        url = server.put("/a", flood(OK + b"Content-Length: 2000\r\n\r\n"))
        assert get(url, Bounds(exempt=server.exempt)).body == bytes(2000)

    @pytest.mark.parametrize("length", ["", "1000"], ids=["unknown length", "stated length"])
    def test_to_the_byte(self, server: Server, length: str) -> None:
        size = 1000
        url = server.put("/a", reply(bytes(size), Content_Length=length))
        assert len(get(url, Bounds(max_bytes=size, exempt=server.exempt)).body) == size
        with pytest.raises(RefusedError):
            get(url, Bounds(max_bytes=size - 1, exempt=server.exempt))

    @pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "deflate, gzip", "x"])
    def test_fail_when_encoded(self, server: Server, encoding: str) -> None:
        url = server.put("/a", reply(b"bomb", Content_Encoding=encoding))
        with pytest.raises(RefusedError, match="although plain content was requested"):
            get(url, Bounds(exempt=server.exempt))
