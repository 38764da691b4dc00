"""Every server behavior and every kind of image has the declared outcome, and the run continues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from PIL import Image as Pillow

from articles.images import fetching
from articles.images.keeping import keep
from articles.models import Image, ImageFetch
from articles.newsdesk import integrity
from newsroom.outbound import Bounds
from tests.articles.images import hostile, samples
from tests.articles.images.hostile import KINDS, claiming
from tests.articles.images.measuring import peaks
from tests.articles.images.samples import animated, different, drawn, picture, png, saved, turned
from tests.articles.images.server import Answer, Server, drip, flood, raw, redirect, reply
from tests.factories import NOW, make_article
from tests.newsroom.connector import DISGUISED, PRIVATE, PUBLIC, Connector

pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.django_db,
    pytest.mark.usefixtures("media"),
    pytest.mark.slow,
    pytest.mark.once,
]

AT = NOW + timedelta(days=1)
OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Kept:
    """The image is stored, with this format and size."""

    format: str
    width: int = 200
    height: int = 100


@dataclass(frozen=True)
class Failed:
    """The image fails, and the message contains this text."""

    words: str
    may_pass: bool = False
    """Whether it is retried."""


Make = Callable[[], Answer | bytes]
"""Makes a response only when needed, because some take a while to make."""
LATE: Final = Failed("more than 3 seconds", may_pass=True)
ODD: Final = Failed("gave no valid answer", may_pass=True)
SHORT: Final = Failed("before the end", may_pass=True)
LARGE: Final = Failed("more than 10,000,000 bytes")
INSIDE: Final = Failed("not public")
BOMB: Final = Failed("more than 40 megapixels")
BROKEN: Final = Failed("cannot be read")
SAMPLE: Final = Kept("jpeg")

SERVERS: Final[dict[str, tuple[Make, Kept | Failed]]] = {
    "gone": (lambda: reply(status="410 Gone"), Failed("answers 410")),
    "broken for now": (lambda: reply(status="500 Sorry"), Failed("answers 500", may_pass=True)),
    # Slow responses.
    "says nothing": (lambda: drip(b"", b""), LATE),
    "drips": (lambda: drip(OK + b"\r\n", b"\xff"), LATE),
    "drips a header": (lambda: drip(OK + b"X: ", b"y"), LATE),
    "drips chunks": (lambda: drip(CHUNKED, b"1\r\n\xff\r\n"), LATE),
    "hangs up": (lambda: raw(b""), ODD),
    "speaks another protocol": (lambda: raw(b"SSH-2.0-x\r\n"), ODD),
    # Wrong lengths and types.
    "says more": (lambda: reply(picture(), Content_Length="99999"), SHORT),
    "says less": (lambda: reply(picture(), Content_Length="600"), BROKEN),
    "says less than nothing": (lambda: reply(picture(), Content_Length="-5"), SAMPLE),
    "says no number": (lambda: reply(picture(), Content_Length="many"), SAMPLE),
    "says nothing of its length": (lambda: reply(picture(), Content_Length=""), SAMPLE),
    "says too much": (lambda: reply(b"", Content_Length="10000001"), LARGE),
    "sends too much": (lambda: reply(bytes(10_000_001), Content_Length=""), LARGE),
    "sends without end": (lambda: flood(OK + b"\r\n\xff\xd8\xff"), LARGE),
    "sends one chunk without end": (lambda: flood(CHUNKED + b"ffffffffff\r\n"), LARGE),
    "a chunk says more": (lambda: raw(CHUNKED + b"ffff\r\n" + picture()), ODD),
    "a chunk says less": (lambda: raw(CHUNKED + b"10\r\n" + picture()), ODD),
    "a chunk says less than nothing": (lambda: raw(CHUNKED + b"-1\r\n" + picture()), ODD),
    "two lengths": (
        lambda: raw(OK + b"Content-Length: 99999\r\nContent-Length: 5\r\n\r\n" + picture()),
        SHORT,
    ),
    "another type": (lambda: reply(picture("WEBP"), Content_Type="text/html"), Kept("webp")),
    "a type that is none": (lambda: reply(picture(), Content_Type="x" * 5000), SAMPLE),
    "a compressed bomb": (
        lambda: reply(samples.GZIPPED, Content_Encoding="gzip"),
        Failed("encoded as 'gzip'"),
    ),
    "a compressed bomb that says so twice": (
        lambda: reply(samples.GZIPPED, Content_Encoding="identity, gzip"),
        Failed("encoded"),
    ),
    "a compressed bomb that does not say so": (
        lambda: reply(samples.GZIPPED),
        Failed("not a JPEG, PNG, GIF, WebP or AVIF"),
    ),
    # Redirects.
    "a redirect": (lambda: redirect("/sound"), Kept("png", 64, 36)),
    "a redirect without a scheme": (lambda: redirect("//127.0.0.2/"), INSIDE),
    "a redirect to a name": (lambda: redirect("http://localhost/"), INSIDE),
    "a redirect to a number": (lambda: redirect("http://169.254.169.254/latest/"), INSIDE),
    "a redirect to one number": (lambda: redirect("http://2130706433/"), INSIDE),
    "a redirect in hexadecimal": (lambda: redirect("http://0x7f000001/"), INSIDE),
    "a redirect in circled digits": (
        lambda: redirect("http://①②⑦.⓪.⓪.①/"),
        Failed("no valid host"),
    ),
    "a redirect to IPv6": (lambda: redirect("//[::ffff:127.0.0.1]/"), INSIDE),
    "a redirect to NAT64": (lambda: redirect("http://[64:ff9b::7f00:1]/"), INSIDE),
    "a redirect with a user": (
        lambda: redirect("http://cdn.example@127.0.0.1/"),
        Failed("a user name or a password"),
    ),
    "a redirect to a file": (lambda: redirect("file:///etc/passwd"), Failed("http:// or https://")),
    "a redirect to FTP": (lambda: redirect("ftp://127.0.0.1/a.png"), Failed("http:// or https://")),
    "a redirect to data": (
        lambda: redirect("data:image/png;base64,AAAA"),
        Failed("http:// or https://"),
    ),
    "a redirect to another port": (lambda: redirect("http://127.0.0.1:6379/"), Failed("Port 6379")),
    "a redirect to nothing": (lambda: redirect("http://.../"), Failed("no valid host")),
    "a redirect that cannot be read": (lambda: redirect("http://[/"), Failed("cannot be read")),
    "a redirect to a port that is none": (
        lambda: redirect("http://127.0.0.1:99999/"),
        Failed("cannot be read"),
    ),
    "a redirect too long": (lambda: redirect("http://" + "a" * 60_000), Failed("no valid host")),
    "a redirect to itself": (lambda: redirect(""), Failed("answers 302")),
    "a redirect in a circle": (
        lambda: redirect("/circle"),
        Failed("redirects more than 3 times"),
    ),
    # Files that are not images.
    "SVG": (lambda: reply(samples.SVG, Content_Type="image/png"), Failed("This is SVG")),
    "a page": (lambda: reply(b"<html>", Content_Type="image/png"), Failed("This is a web page")),
    "empty": (lambda: reply(b""), Failed("It is empty")),
}
"""What a server returns, and the expected result."""


def half(kind: str) -> bytes:
    """Return the first half of a valid image."""
    return picture(kind)[: len(picture(kind)) // 2]


IMAGES: Final[dict[str, tuple[Make, Kept | Failed]]] = {
    # Bombs: for each format, one that only claims its size and one that really is that large.
    **{f"bomb, {kind}": (partial(claiming, kind, 16_000, 16_000), BOMB) for kind in KINDS},
    "bomb, sides": (lambda: png(100_000, 1, b""), Failed("more than 65,535 pixels")),
    "pixels of nothing": (lambda: png(5000, 5000, b""), BROKEN),
    "as large as may be, JPEG": (
        partial(hostile.as_large_as_may_be, "JPEG"),
        Kept("jpeg", 6300, 6300),
    ),
    "as large as may be, PNG": (
        partial(hostile.as_large_as_may_be, "PNG"),
        Kept("png", 6300, 6300),
    ),
    "as large as may be, GIF": (
        partial(hostile.as_large_as_may_be, "GIF"),
        Kept("gif", 6300, 6300),
    ),
    # The decoders of these formats need more memory for each pixel.
    "as large as may be, WebP": (
        partial(hostile.as_large_as_may_be, "WEBP"),
        Failed("takes too much memory"),
    ),
    "as large as may be, AVIF": (
        partial(hostile.as_large_as_may_be, "AVIF"),
        Failed("takes more than 260 MB"),
    ),
    "text bomb": (hostile.with_text_bomb, BROKEN),
    "profile bomb": (hostile.with_profile_bomb, BROKEN),
    "scans": (hostile.many_scans, Failed("takes too much time")),
    **{
        f"3,000 frames, {kind}": (
            partial(hostile.many_frames, kind),
            Kept(kind.lower(), 16, 16),
        )
        for kind in ("PNG", "GIF", "WEBP", "AVIF")
    },
    "huge EXIF": (lambda: hostile.with_segments(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff"), SAMPLE),
    "huge profile": (lambda: hostile.with_segments(0xE2, b"ICC_PROFILE\0\x01\x8c"), SAMPLE),
    "huge comments": (lambda: hostile.with_segments(0xFE, b""), SAMPLE),
    # Broken images.
    **{
        f"zero size, {kind}": (partial(claiming, kind, 0, 0), BROKEN)
        for kind in KINDS
        if kind != "WEBP"
    },
    **{f"truncated, {kind}": (partial(half, kind), BROKEN) for kind in KINDS},
    "header alone": (lambda: b"\xff\xd8\xff", Failed("its header is broken")),
    # Odd but valid images.
    **{
        f"turned {number}, {kind}": (
            partial(turned, number, kind),
            Kept(kind.lower()),
        )
        for number in range(1, 9)
        for kind in ("JPEG", "PNG")
    },
    **{
        f"animated, {kind}": (partial(animated, kind), Kept(kind.lower()))
        for kind in ("GIF", "PNG", "WEBP", "AVIF")
    },
    "several pictures": (hostile.several_pictures, SAMPLE),
    "progressive": (lambda: saved(drawn(), progressive=True), SAMPLE),
    "CMYK": (lambda: saved(drawn(mode="CMYK")), SAMPLE),
    "palette": (lambda: saved(drawn(mode="P"), "PNG"), Kept("png")),
    "16 bits": (lambda: saved(Pillow.new("I;16", (50, 50), 30_000), "PNG"), Kept("png", 50, 50)),
    "one pixel": (lambda: saved(Pillow.new("RGB", (1, 1)), "PNG"), Kept("png", 1, 1)),
}
"""An image and its expected outcome."""


class TestOutcomes:
    @pytest.mark.parametrize("table", [SERVERS, IMAGES], ids=["servers", "images"])
    def test_each_has_the_declared_outcome(
        self,
        server: Server,
        media: Path,
        monkeypatch: pytest.MonkeyPatch,
        table: dict[str, tuple[Make, Kept | Failed]],
    ) -> None:
        monkeypatch.setattr(fetching, "bounds", lambda: Bounds(seconds=3, exempt=server.exempt))
        server.put("/sound", different(99))
        server.put("/circle", redirect(f"//127.0.0.1:{server.port}/circle"))
        urls = {}
        for number, (name, (make, _)) in enumerate(table.items()):
            urls[name] = server.put(f"/{number}", make())
            Image.objects.create(article=make_article(), position=0, url=urls[name])
        with peaks() as found:
            report = keep(at=AT)
        ended: dict[str, Kept | Failed] = {}
        for name, (_, expected) in table.items():
            row = ImageFetch.objects.select_related("stored").get(url=urls[name])
            if row.stored:
                ended[name] = Kept(row.stored.format, row.stored.width, row.stored.height)
                assert row.failure == ""
            else:
                assert row.state == ImageFetch.State.FAILED
                # Compare only the declared text, if the message contains it.
                words = expected.words if isinstance(expected, Failed) else ""
                said = words if words and words in row.failure else row.failure
                ended[name] = Failed(said, row.next_try_at is not None)
        assert ended == {name: expected for name, (_, expected) in table.items()}
        assert report.kept + len(report.failures) == len(table)
        # Only the files of stored images remain, and none is missing.
        assert list(integrity.findings()) == []
        # The memory of the render processes, including libraries.
        assert 0 < max(found) < 300_000_000

        server.requests.clear()
        again = keep(at=AT)
        assert (server.requests, again.kept, again.failures) == ([], 0, [])


class TestPrivateAddresses:
    def test_of_a_document_are_not_connected_to(self, connector: Connector) -> None:
        # URLs beyond ASCII are invalid in a document, but valid in a redirect (see above).
        urls = [f"http://{host}/a.png" for host in DISGUISED if host.isascii()]
        for number, address in enumerate(PRIVATE):
            host = f"[{address}]" if ":" in address else address
            connector.names[f"cdn{number}.example"] = [[PUBLIC, address]]
            urls += [f"https://{host}/a.png", f"http://cdn{number}.example/a.png"]
        urls.append("http://cdn.example/sound.png")
        connector.names["cdn.example"] = [[PUBLIC]]
        for url in urls:
            Image.objects.create(article=make_article(), position=0, url=url)
        report = keep(at=AT)
        assert {failure.url for failure in report.failures} == set(urls)
        # Only the last URL has a public address alone, so only it is requested.
        assert connector.connected == [PUBLIC]
