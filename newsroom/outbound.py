"""Requests to other servers: to public addresses only, with limits on time and size.

All outgoing requests go through here. URLs from documents and editors are untrusted: a name may
resolve to our own network, do so only at the second lookup, or redirect there; a server may send
one byte per second, or never stop. Therefore the name is resolved once, every address is checked,
and the connection goes to a checked address. Each redirect is checked the same way. One deadline
covers everything, from the lookup to the last header line and byte. Proxy variables are ignored.

Uses Python's own client, because it can be bounded: libraries above it time each read separately (a
server that drips its header holds them forever), and the address filters we tried accept
``::127.0.0.1`` and ``fec0::1``.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

_Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_PUBLIC_V6: Final = ip_network("2000::/3")
"""All public IPv6 addresses; loopback, mapped, translated and local ones lie outside."""
_SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # 6to4 relays
            "2001::/23",  # protocol assignments, with Teredo and ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: any IPv4 address, also private ones
            "3fff::/20",  # documentation
        ),
    )
)
"""Not public for us, although some versions of ``ipaddress`` call them global."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HOST: Final = re.compile(r"[a-z0-9_.-]{1,253}")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_CHUNK: Final = 64 * 1024
MAX_RETRY_AFTER: Final = timedelta(days=7)
"""The longest wait that a server may request."""
_MAX_ADDRESSES: Final = 4
"""How many addresses of a name to try."""


class OutboundError(Exception):
    """A request without an answer; the text tells an editor why."""


class RefusedError(OutboundError):
    """A refused request or response; retrying would not help."""


class UnreachableError(OutboundError):
    """No answer, or an incomplete one; a later try may succeed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    user_agent: str = "Newsroom"
    seconds: float = 10.0
    """From the lookup of the name to the last byte, with all redirects."""
    max_bytes: int = 10_000_000
    redirects: int = 3
    ports: frozenset[int] = frozenset({80, 443})
    exempt: frozenset[tuple[str, int]] = frozenset()
    """Pairs of address and port that need not be public. For test servers only."""


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_public(address: str) -> bool:
    """Return whether a numeric address is a public unicast one.

    False for private, local, mapped, translated (NAT64, 6to4, Teredo), reserved and multicast ones.
    """
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if any(number in network for network in _SPECIAL):
        return False
    if isinstance(number, IPv6Address):
        return number in _PUBLIC_V6
    return number.is_global and not number.is_multicast and not number.is_reserved


def host_of(url: str) -> str:
    """Return the host of ``url`` as it is looked up. Raise RefusedError."""
    return _target(url).host


def get(url: str, bounds: Bounds, headers: Mapping[str, str] | None = None) -> Answer:
    """Get ``url`` and follow redirects; return the answer, whatever its status.

    Refuse compressed content, which was not asked for. Raise RefusedError and UnreachableError.
    """
    deadline = _Deadline(bounds.seconds)
    for _ in range(bounds.redirects + 1):
        answer = _exchange(url, bounds, headers or {}, deadline)
        location = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        # http.client reads headers as Latin-1; browsers keep bytes beyond ASCII.
        location = quote(location.encode("latin-1", "replace"), safe=_SAFE).strip()
        try:
            url = urljoin(url, location)
        except ValueError as error:
            raise RefusedError(f"The address cannot be read: {error}.") from error
    raise RefusedError(f"It redirects more than {bounds.redirects} times.")


def post(url: str, body: bytes, bounds: Bounds, headers: Mapping[str, str] | None = None) -> Answer:
    """Post ``body`` to ``url`` and return the answer, whatever its status.

    Follow no redirects and read only the header: the returned body is empty. Raise RefusedError and
    UnreachableError.
    """
    return _exchange(url, bounds, headers or {}, _Deadline(bounds.seconds), body)


def require_askable(url: str) -> None:
    """Raise RefusedError if the URL alone is enough to refuse it; sends nothing."""
    target = _target(url)
    _require_port(target, Bounds())
    is_numeric = ":" in target.host or target.host.replace(".", "").isdigit()
    if is_numeric and not is_public(target.host):
        raise RefusedError(f"{target.host} is not public.")


def retry_at(headers: http.client.HTTPMessage, now: datetime) -> datetime | None:
    """Return the moment of ``Retry-After``, if given: from ``now`` to ``MAX_RETRY_AFTER`` later."""
    value: str = headers.get("Retry-After", "").strip()
    try:
        # ASCII digits only, and few enough for a timedelta.
        if value.isascii() and value.isdecimal():
            wanted = now + timedelta(seconds=min(int(value[:12]), MAX_RETRY_AFTER.total_seconds()))
        else:
            wanted = parsedate_to_datetime(value)
            # "-0000" is a time without a zone.
            wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(wanted, now), now + MAX_RETRY_AFTER)


_SAFE: Final = "!#$%&'()*+,/:;=?@[]~ \\\t"
"""Characters left as they are: those that URLs may contain, and those refused later."""


def _target(url: str) -> _Target:
    if _UNSAFE.search(url):
        raise RefusedError("The address contains spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(f"The address cannot be read: {error}.") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise RefusedError("The address does not start with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("The address contains a user name or a password.")
    path = quote(parts.path or "/", safe="!$%&'()*+,/:;=@~[]")
    if parts.query:
        path += "?" + quote(parts.query, safe="!$%&'()*+,/:;=?@~[]")
    if port is None:
        port = _DEFAULT_PORTS[parts.scheme]
    return _Target(parts.scheme, _host(parts.hostname or "", "[" in parts.netloc), port, path)


def _host(name: str, is_bracketed: bool) -> str:
    if is_bracketed:
        try:
            number = IPv6Address(name)
        except ValueError:
            number = None
        # A zone names a link of this machine.
        if number is not None and number.scope_id is None:
            return str(number)
    # The codec is slow for longer names.
    elif len(name) <= 253:
        try:
            ascii_name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            ascii_name = ""
        if _HOST.fullmatch(ascii_name):
            return ascii_name
    raise RefusedError("The address has no valid host.")


def _require_port(target: _Target, bounds: Bounds) -> None:
    if target.port not in bounds.ports | {port for _, port in bounds.exempt}:
        raise RefusedError(f"Port {target.port} is not allowed.")


class _Deadline:
    """The moment by which a request must end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.moment = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left. Raise UnreachableError if there are none."""
        seconds = self.moment - monotonic()
        if seconds <= 0:
            raise self.missed()
        return seconds

    def missed(self) -> UnreachableError:
        return UnreachableError(f"It took more than {self.seconds:g} seconds.")


def _exchange(
    url: str,
    bounds: Bounds,
    headers: Mapping[str, str],
    deadline: _Deadline,
    sent_body: bytes | None = None,
) -> Answer:
    """Send one request; with ``sent_body`` a POST, of whose answer only the header is read."""
    target = _target(url)
    _require_port(target, bounds)
    sent = {"Host": target.host_header, "User-Agent": bounds.user_agent}
    sent |= {"Accept-Encoding": "identity", "Connection": "close", **headers}
    if sent_body is not None:
        sent["Content-Length"] = str(len(sent_body))
    try:
        with closing(_open(target, bounds, deadline)) as sock:
            connection = http.client.HTTPConnection(target.host, target.port)
            # Never open another socket.
            connection.auto_open = 0
            connection.sock = _BoundedSocket(sock, deadline)
            method = "GET" if sent_body is None else "POST"
            connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(sent_body)
            with connection.getresponse() as response:
                has_body = sent_body is None and response.status not in _REDIRECTS
                body = _body(response, bounds) if has_body else b""
                return Answer(url, response.status, response.headers, body)
    except TimeoutError as error:
        raise deadline.missed() from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Some broken headers raise ValueError.
        raise UnreachableError(f"The server gave no valid answer: {_words(error)}.") from error


def _words(error: Exception) -> str:
    # Some contain what the server sent: keep it short, printable and on one line.
    words = " ".join(f"{type(error).__name__} {error}".split())[:200].rstrip(". ")
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)


class _BoundedSocket(io.RawIOBase):
    """The part of a socket that ``http.client`` uses, with one deadline.

    A plain timeout would restart at each read.
    """

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _CHUNK)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Do nothing; ``http.client`` calls this after reading the header."""


def _body(response: http.client.HTTPResponse, bounds: Bounds) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise RefusedError(
            f"It comes encoded as {encoding[:20]!r}, although plain content was requested."
        )
    too_large = RefusedError(f"It has more than {bounds.max_bytes:,} bytes.")
    if response.length is not None and response.length > bounds.max_bytes:
        raise too_large
    chunks = []
    size = 0
    while chunk := response.read(_CHUNK):
        size += len(chunk)
        if size > bounds.max_bytes:
            raise too_large
        chunks.append(chunk)
    if response.length:
        raise UnreachableError(f"The server stopped {response.length:,} bytes before the end.")
    return b"".join(chunks)


def _open(target: _Target, bounds: Bounds, deadline: _Deadline) -> socket.socket:
    addresses = _look_up(target, deadline)
    for _, address in addresses:
        number = str(address[0])
        # Check all: a name with even one private address is not to be trusted.
        if not is_public(number) and (number, target.port) not in bounds.exempt:
            raise RefusedError(f"The address leads to {number}, which is not public.")
    sock = _connect_to_one(addresses, deadline)
    if target.scheme == "http":
        return sock
    try:
        # Covers the whole handshake.
        sock.settimeout(deadline.left())
        return _tls().wrap_socket(sock, server_hostname=target.host)
    except BaseException:
        sock.close()
        raise


def _look_up(target: _Target, deadline: _Deadline) -> list[_Address]:
    found: list[Any] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - raised below, in the calling thread
            failed.append(error)

    # The system's lookup has no deadline: the thread is abandoned when ours has passed.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if thread.is_alive():
        raise deadline.missed()
    if failed and not isinstance(failed[0], (OSError, UnicodeError)):
        raise failed[0]
    if not found:
        raise UnreachableError(f"{target.host} cannot be found.")
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return list(addresses)[:_MAX_ADDRESSES]


def _connect_to_one(addresses: list[_Address], deadline: _Deadline) -> socket.socket:
    for number, (family, address) in enumerate(addresses):
        is_last = number == len(addresses) - 1
        # Keep half of the time for the next addresses.
        seconds = deadline.left() if is_last else deadline.left() / 2
        try:
            return _connect(family, address, seconds)
        except OSError:
            if is_last:
                raise
    raise AssertionError("_look_up never returns an empty list")


def _connect(
    family: socket.AddressFamily, address: tuple[Any, ...], seconds: float
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


@cache
def _tls() -> ssl.SSLContext:
    # Reading the system's certificates is slow.
    return ssl.create_default_context()
