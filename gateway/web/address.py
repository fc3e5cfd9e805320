"""The address of the client, or None when unsure (TIP-06)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_PORT = r"(?::[0-9]{1,5})?"
_HOP = re.compile(
    rf"\[(?P<bracketed>[0-9A-Fa-f:.]+)\]{_PORT}|(?P<four>[0-9.]+){_PORT}|(?P<bare>[0-9A-Fa-f:.]+)", re.ASCII
)

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@lru_cache(maxsize=4096)
def client_address(peer: str | None, forwarded: tuple[str, ...], proxies: tuple[Network, ...]) -> str | None:
    """Return the right-most hop that is no trusted proxy.

    `peer` is the other end of the connection, `forwarded` the values of every X-Forwarded-For header in order; they
    count only from a proxy in `proxies`. A hop that cannot be read, or none at all behind a proxy, gives None.
    """
    address = _read(peer)
    if address is None or not _within(address, proxies):
        return str(address) if address else None
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        address = _read(hop)
        if address is None:
            return None
        if not _within(address, proxies):
            return str(address)
    return None


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _read(text: str | None) -> Address | None:
    """Read an address, which may carry brackets and a port; a zone id names an interface, so that one is none."""
    found = _HOP.fullmatch(text or "")
    if found is None:
        return None
    try:
        address = ip_address(found["bracketed"] or found["four"] or found["bare"])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
