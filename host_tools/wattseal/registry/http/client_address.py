"""Whose request this is, as far as limits and logs go."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

_IPV6_NETWORK_BITS = 64


def of_scope(scope: Scope) -> str:
    """The client's address; of IPv6 its /64 network, since one client has all addresses of it."""
    client = scope.get("client")
    if not client:
        return "local"
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address.packed, _IPV6_NETWORK_BITS), strict=False))
    return str(address)
