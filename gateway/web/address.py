"""The address of the client, or None when unsure (TIP-06)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def client_address(peer: str | None, forwarded: Sequence[str], proxies: Sequence[Network]) -> str | None:
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
    if not text:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
