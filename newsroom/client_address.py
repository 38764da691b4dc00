"""The IP address of the client, for limits and logs."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the address that a request comes from, or None if it is unknown.

    Our own proxy adds the last entry of ``X-Forwarded-For``; anybody can send the entries before it.
    For IPv6 return the first address of the /64 network: a single subscriber gets all of that.
    """
    found = request.META.get("REMOTE_ADDR") or ""
    if settings.BEHIND_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR") or ""
        found = forwarded.rpartition(",")[2].strip() or found
    try:
        address = ip_address(found)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), 64), strict=False).network_address)
    return str(address)
