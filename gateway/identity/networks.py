"""Trusted networks: how a list is typed and kept (`product.md` says the spellings; TIP-01 to TIP-05).

One definition a line, each ending with a semicolon: `10.10.10.1;`, `192.168.192.0/24;`, `192.168.192.0/255.255.255.0;`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.orm import Session as Work

from gateway.db import AnyRow
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Identity, NetworkList, TrustedNetwork

Network = IPv4Network | IPv6Network

MOST = 200
LONGEST_BYTES = 8192
MAPPED_BITS = 96
_PREFIX = re.compile(r"[1-9][0-9]{0,2}\Z")

_ON_LIST = (
    select(
        TrustedNetwork.network,
        TrustedNetwork.note,
        TrustedNetwork.expires_at,
        TrustedNetwork.created_at,
        Identity.name.label("author_name"),
    )
    .outerjoin(Identity, Identity.id == TrustedNetwork.author_id)
    .where(TrustedNetwork.identity_id == bindparam("id"), TrustedNetwork.list == bindparam("list"))
    .order_by(TrustedNetwork.position)
)


class Unreadable(ValueError):
    """A list that cannot be read; the message is a sentence that names the line."""


def parse(text: str) -> list[str]:
    """Return the networks of a typed list, normalised, each once, in their order; empty: any address.

    Raises `Unreadable` for the first thing that cannot be read: never a part of a list.
    """
    if not text:
        return []
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise Unreadable(_("A list of networks has at most %(limit)d bytes.") % {"limit": LONGEST_BYTES})
    found = list(dict.fromkeys(str(_network(line, written)) for line, written in _definitions(text)))
    if len(found) > MOST:
        raise Unreadable(_("A list of networks has at most %(limit)d entries.") % {"limit": MOST})
    return [network.removesuffix("/32" if "." in network else "/128") for network in found]


def as_text(networks: Iterable[str]) -> str:
    """Write networks as they are typed: one a line, each with its semicolon."""
    return "\n".join(f"{network};" for network in networks)


def admits(networks: Sequence[str], address: str | None) -> bool:
    """Tell whether an address may pass a list: any may pass an empty one, an unknown one no other (TIP-04)."""
    if not networks:
        return True
    try:
        client = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped is not None:
        client = client.ipv4_mapped
    return any(client.version == network.version and client in network for network in map(ip_network, networks))


def on_list(reader: Connection, identity_id: str, which: NetworkList) -> Sequence[AnyRow]:
    """Return the entries of a list with author, note and expiry, in their order."""
    return reader.execute(_ON_LIST, {"id": identity_id, "list": which}).all()


def save(
    work: Work, identity_id: str, which: NetworkList, networks: Sequence[str], author_id: str | None, now: datetime
) -> tuple[list[str], list[str]]:
    """Make a list hold these networks; entries that stay keep author, note and expiry. Returns before and after."""
    kept = {
        entry.network: entry
        for entry in work.scalars(
            select(TrustedNetwork)
            .where(TrustedNetwork.identity_id == identity_id, TrustedNetwork.list == which)
            .order_by(TrustedNetwork.position)
        )
    }
    gone = [entry.id for network, entry in kept.items() if network not in networks]
    if gone:
        work.execute(delete(TrustedNetwork).where(TrustedNetwork.id.in_(gone)))
    for position, network in enumerate(networks):
        if network in kept:
            kept[network].position = position
        else:
            work.add(
                TrustedNetwork(
                    identity_id=identity_id,
                    list=which,
                    network=network,
                    position=position,
                    author_id=author_id,
                    created_at=now,
                )
            )
    return list(kept), list(networks)


def _definitions(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the line and what is defined there; only the last of all may lack its semicolon."""
    unended: tuple[int, str] | None = None
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        *ended, rest = line.split(";")
        for written in filter(None, (part.strip(" \t") for part in (*ended, rest))):
            if unended is not None:
                raise Unreadable(_("Line %(line)d: “%(text)s” has no semicolon behind it.") % _at(*unended))
            yield number, written
        if rest.strip(" \t"):
            unended = number, rest.strip(" \t")


def _at(line: int, written: str) -> dict[str, object]:
    return {"line": line, "text": written[:60]}


def _network(line: int, written: str) -> Network:
    address, slash, width = (part.strip(" \t") for part in written.partition("/"))
    try:
        network = _read(address, width if slash else None)
    except ValueError as error:
        raise Unreadable(
            _("Line %(line)d: “%(text)s” is no network. Write it as 10.10.10.1, 192.168.192.0/24 or 2001:db8::/32.")
            % _at(line, written)
        ) from error
    return network


def _read(address: str, width: str | None) -> Network:
    """Read one definition; raises `ValueError`. Host masks, /0, zone ids and octal or short forms are none (TIP-03)."""
    if not address.isascii() or "%" in address:
        raise AddressValueError(address)
    first = ip_address(address)
    bits = first.max_prefixlen if width is None else _bits(first, width)
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        first, bits = first.ipv4_mapped, bits - MAPPED_BITS
    if not 0 < bits <= first.max_prefixlen:
        raise ValueError(width)
    return ip_network(f"{first}/{bits}", strict=False)


def _bits(first: IPv4Address | IPv6Address, width: str) -> int:
    if _PREFIX.match(width):
        return int(width)
    if isinstance(first, IPv6Address):
        raise ValueError(width)
    inverted = int(IPv4Address(width)) ^ 0xFFFFFFFF
    if inverted & (inverted + 1):
        raise ValueError(width)
    return 32 - inverted.bit_length()
