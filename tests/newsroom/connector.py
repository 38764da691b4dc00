"""A stub for DNS queries and connections, and addresses that must stay unreachable."""

from __future__ import annotations

import socket
from typing import Any, Final

import pytest

from newsroom import outbound
from tests.network_block import NetworkBlockedError

PUBLIC: Final = "93.184.216.34"
LOOK_UP: Final = socket.getaddrinfo


class Connector:
    """Resolves known names and records the addresses of connections."""

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {}
        """The addresses that each query for a name returns; the last ones are repeated."""
        self.asked: list[str] = []
        self.connected: list[str] = []

    def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self.names:
            # The system reads numeric addresses itself, in any notation.
            try:
                return LOOK_UP(host, port, flags=socket.AI_NUMERICHOST, **options)
            except NetworkBlockedError:
                raise socket.gaierror(-2, "Name or service not known") from None
        answers = self.names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in one], 0, 0, "", (one, port)) for one in addresses]

    def connect(self, _family: object, address: tuple[Any, ...], _seconds: float) -> socket.socket:
        self.connected.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> Connector:
    """Refuse all connections, and resolve names as the test defines them."""
    connector = Connector()
    monkeypatch.setattr(socket, "getaddrinfo", connector.getaddrinfo)
    monkeypatch.setattr(outbound, "_connect", connector.connect)
    return connector


PRIVATE: Final = [
    "0.0.0.0",  # noqa: S104 - to be refused
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.216.34",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d822",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:a00:1::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:5db8:d822::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
DISGUISED: Final = [
    "127.1",
    "127.0.1",
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0x0.0.0x1",
    "017700000001",
    "0177.0.0.1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",  # noqa: RUF001 - full-width digits
    "127。0。0。1",
    "１６９.254.１６９.254",  # noqa: RUF001 - full-width digits
    "127.0.0.1.",
    "localhost",
    "LOCALHOST.",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
]
"""Hosts that some systems resolve to this machine or its network."""
