"""Requests to other people's servers: only to public addresses, and bounded in time and size.

The only way out of the newsroom. What a document or an editor names is not to be trusted: a name
may lead into our own network, lead there at the second look only, or send us there; a server may
send a byte a second, or for ever. So the address is looked up once, each of its answers is checked,
and the connection goes to the checked number; a redirect begins anew; one deadline holds for all of
it, the look-up of the name and each header line included. Proxies of the environment play no part.

Python's own client, because it can be bounded: libraries above it time each read by itself (a server
that drips its header held one for as long as it pleased), and the address filters tried let
``::127.0.0.1`` and ``fec0::1`` pass.
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
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

_Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_PUBLIC_V6: Final = ip_network("2000::/3")
"""All that is assigned for the public; loopback, mapped, translated and local forms lie outside."""
_SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # 6to4 relays
            "2001::/23",  # protocol assignments, Teredo and ORCHID among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: any IPv4 address, private ones too
            "3fff::/20",  # documentation
        ),
    )
)
"""What ``ipaddress`` calls global, depending on its version, and is not for us."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HOST: Final = re.compile(r"[a-z0-9_.-]{1,253}")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_CHUNK: Final = 64 * 1024
MAX_RETRY_AFTER: Final = timedelta(days=7)
"""What a server may ask for; longer is taken for this."""
_MAX_ADDRESSES: Final = 4
"""How many of a name's addresses are tried."""


class OutboundError(Exception):
    """A request that gave no answer; the text says why, for an editor."""


class RefusedError(OutboundError):
    """What we do not ask for, or do not take; asking again would not help."""


class UnreachableError(OutboundError):
    """No answer, or not all of one; another time there may be one."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a request may go."""

    user_agent: str = "Newsroom"
    seconds: float = 10.0
    """From the look-up of the name to the last byte, all redirects included."""
    max_bytes: int = 10_000_000
    redirects: int = 3
    ports: frozenset[int] = frozenset({80, 443})
    exempt: frozenset[tuple[str, int]] = frozenset()
    """Addresses with port that need not be public. For the servers of tests, and for nothing else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered at last."""

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
    """Whether a numeric address is one of the public Internet's, and of one machine.

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
    assert isinstance(number, IPv4Address)  # noqa: S101 - for the type checker
    return number.is_global and not number.is_multicast and not number.is_reserved


def host_of(url: str) -> str:
    """Return the host that ``url`` names, as it is looked up. Raises RefusedError."""
    return _target(url).host


def get(url: str, bounds: Bounds, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for ``url`` and follow redirects; any status but those is an answer.

    Content that is encoded (compressed) is refused: it was not asked for. Raises RefusedError and
    UnreachableError.
    """
    deadline = _Deadline(bounds.seconds)
    for _ in range(bounds.redirects + 1):
        answer = _exchange(url, bounds, headers or {}, deadline)
        location = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        # http.client reads headers as Latin-1; browsers take bytes beyond ASCII as they are.
        location = quote(location.encode("latin-1", "replace"), safe=_SAFE).strip()
        try:
            url = urljoin(url, location)
        except ValueError as error:
            raise RefusedError(f"The address cannot be read: {error}.") from error
    raise RefusedError(f"It redirects more than {bounds.redirects} times.")


def post(url: str, body: bytes, bounds: Bounds, headers: Mapping[str, str] | None = None) -> Answer:
    """Send ``body`` to ``url``; any status is an answer, redirects are not followed.

    Nothing is read of the answer behind its header: its body is always empty here. Raises
    RefusedError and UnreachableError.
    """
    return _exchange(url, bounds, headers or {}, _Deadline(bounds.seconds), body)


def require_askable(url: str) -> None:
    """Raise RefusedError for what is refused by the look of the address: nobody is asked."""
    target = _target(url)
    if target.port not in Bounds().ports:
        raise RefusedError(f"Port {target.port} is not asked.")
    if (":" in target.host or target.host.replace(".", "").isdigit()) and not is_public(
        target.host
    ):
        raise RefusedError(f"{target.host} is not public.")


def retry_at(headers: http.client.HTTPMessage, now: datetime) -> datetime | None:
    """Return the moment before which a server wants no further request, if it says so.

    ``MAX_RETRY_AFTER`` from ``now`` at most, and never before it.
    """
    value: str = headers.get("Retry-After", "").strip()
    try:
        # Digits as in ASCII, and few enough for a timedelta.
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
"""Characters that an address may hold as they are, and those that refuse it later."""


def _target(url: str) -> _Target:
    if _UNSAFE.search(url):
        raise RefusedError("The address holds spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(f"The address cannot be read: {error}.") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise RefusedError("The address is not one of http or https.")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("The address holds a user name or a password.")
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
        # A zone is one of this machine's own links.
        if number is not None and number.scope_id is None:
            return str(number)
    # Longer ones take the codec long.
    elif len(name) <= 253:
        try:
            ascii_name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            ascii_name = ""
        if _HOST.fullmatch(ascii_name):
            return ascii_name
    raise RefusedError("The address has no usable host.")


class _Deadline:
    """The moment by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.moment = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; raises UnreachableError when there are none."""
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
    """Ask once; with ``sent_body`` by POST, and then only for the header of the answer."""
    target = _target(url)
    if target.port not in bounds.ports and not any(
        port == target.port for _, port in bounds.exempt
    ):
        raise RefusedError(f"Port {target.port} is not asked.")
    sent = {"Host": target.host_header, "User-Agent": bounds.user_agent}
    sent |= {"Accept-Encoding": "identity", "Connection": "close", **headers}
    if sent_body is not None:
        sent["Content-Length"] = str(len(sent_body))
    try:
        with closing(_open(target, bounds, deadline)) as sock:
            connection = _Connection(target.host, target.port)
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
        # A header that breaks the protocol is a ValueError in places.
        raise UnreachableError(f"The server cannot be understood: {_words(error)}.") from error


def _words(error: Exception) -> str:
    # Some hold what the server sent: one line of it, not all that it sent, and what databases take.
    words = " ".join(f"{type(error).__name__} {error}".split())[:200].rstrip(". ")
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)


class _Connection(http.client.HTTPConnection):
    """Never opens a connection by itself."""

    auto_open = 0


class _BoundedSocket:
    """The part of a socket that ``http.client`` uses, with a deadline for all of it."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline), _CHUNK)

    def close(self) -> None:
        """Leave it open: ``http.client`` calls this when the header is read."""


class _Reader(io.RawIOBase):
    """Reads from a socket as long as there is time; a timeout of its own would start anew."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _body(response: http.client.HTTPResponse, bounds: Bounds) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise RefusedError(f"It comes encoded as {encoding[:20]!r}, which was not asked for.")
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
        # All of them: a name that leads to us as well is not one to trust.
        if not is_public(number) and (number, target.port) not in bounds.exempt:
            raise RefusedError(f"The address leads to {number}, which is not public.")
    sock = _connect_to_one(addresses, deadline)
    if target.scheme == "http":
        return sock
    try:
        # The handshake as a whole takes no longer than this.
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
        except Exception as error:  # noqa: BLE001 - raised below, where somebody notices
            failed.append(error)

    # The system's look-up cannot be given a deadline: it is left behind when that has passed.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if thread.is_alive():
        raise deadline.missed()
    if failed and not isinstance(failed[0], (OSError, UnicodeError)):
        raise failed[0]
    if not found:
        raise UnreachableError(f"{target.host} is not known to exist.")
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return list(addresses)[:_MAX_ADDRESSES]


def _connect_to_one(addresses: list[_Address], deadline: _Deadline) -> socket.socket:
    for number, (family, address) in enumerate(addresses):
        is_last = number == len(addresses) - 1
        # One that does not answer leaves time for the others.
        seconds = deadline.left() if is_last else deadline.left() / 2
        try:
            return _connect(family, address, seconds)
        except OSError:
            if is_last:
                raise
    raise AssertionError("a look-up without an answer fails before")


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
    # Reads the system's certificates, which takes a while.
    return ssl.create_default_context()
