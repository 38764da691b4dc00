"""A pytest plugin that keeps tests from connecting to other machines."""

import ipaddress
import socket
from typing import Any

import pytest
from django.conf import settings


class NetworkBlockedError(RuntimeError):
    """A test tried to reach another machine.

    It is not an OSError, because code that handles network failures would hide that.
    """


def _refuse(host: object, what: str) -> None:
    raise NetworkBlockedError(
        f"A test tried to {what} {host!r}. Tests must stay on this machine: start a server on "
        "127.0.0.1, or stub the call."
    )


def _refuse_address(address: object, what: str) -> None:
    # Other families, for example Unix sockets, do not use tuples as addresses and stay on this
    # machine.
    if not isinstance(address, tuple) or not address or address[0] in {"", "localhost"}:
        return
    try:
        host = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except ValueError:
        _refuse(address[0], what)
    else:
        # Connecting to the unspecified address connects to this machine.
        if not host.is_loopback and not host.is_unspecified:
            _refuse(address[0], what)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    real_connect = socket.socket.connect
    real_connect_ex = socket.socket.connect_ex
    real_sendto = socket.socket.sendto
    real_getaddrinfo = socket.getaddrinfo
    known_hosts = {None, "", "localhost", settings.DATABASES["default"].get("HOST")}

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_address(address, "connect to")
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_address(address, "connect to")
        return real_connect_ex(self, address)

    def sendto(self: socket.socket, data: Any, *args: Any) -> int:
        _refuse_address(args[-1], "send to")
        return real_sendto(self, data, *args)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in known_hosts:
            try:
                # This parses a numeric address in any spelling without a DNS query.
                real_getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
            except (socket.gaierror, UnicodeError):
                _refuse(host, "look up")
        return real_getaddrinfo(host, port, *args, **kwargs)

    # Patch the class, so that TLS sockets inherit the block.
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    patch.setattr(socket.socket, "sendto", sendto)
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
