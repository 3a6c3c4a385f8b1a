"""Where a request comes from, as far as failures are counted."""

import ipaddress

from flask import request


def client_address() -> str:
    """The client's IPv4 address, or the /64 of its IPv6 address: one customer of a provider has all of that (RFC 6177).

    "unknown" where there is no address, as behind a socket without a proxy.
    """
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))
