"""Trusted networks: how a list is typed and kept, and whom it admits (TIP-01 to TIP-08).

One definition a line, each ending with a semicolon: `10.10.10.1;`, `192.168.192.0/24;`, `192.168.192.0/255.255.255.0;`.
Every identity has two lists, the provider's and its own, and an address must pass each that is not empty. What every
request asks stands beside the rows as one text on the identity: `10.10.10.1;10.0.0.0/8@2026-10-01T12:00:00+00:00`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from sqlalchemy import Connection, bindparam, delete, null, select, update
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Identity, NetworkList, TrustedNetwork

Network = IPv4Network | IPv6Network

MOST = 200
LONGEST_BYTES = 8192
MAPPED_BITS = 96
_PREFIX = re.compile(r"[1-9][0-9]{0,2}\Z")

COLUMN = {NetworkList.PROVIDER: "provider_networks", NetworkList.OWN: "own_networks"}
"""Where on the identity a list stands as one text."""

_ON_LIST = (
    select(
        TrustedNetwork.id,
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


_customer = aliased(Identity)


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


def kept(entries: Iterable[tuple[str, datetime | None]]) -> str | None:
    """Write a list as it stands on the identity, of networks and the moments until which they count; None: empty."""
    return ";".join(f"{network}@{until.isoformat()}" if until else network for network, until in entries) or None


def admits(listed: str | None, address: str | None, now: datetime) -> bool:
    """Tell whether an address may pass a list as `kept` wrote it.

    Any may pass an empty one, an unknown one no other (TIP-04); a list whose entries are all over admits nobody.
    """
    if not listed:
        return True
    client = _client(address)
    return client is not None and any(
        client.version == network.version and client in network and (until is None or now < until)
        for network, until in _compiled(listed)
    )


def ever_admits(listed: str | None, now: datetime) -> bool:
    """Tell whether a list as `kept` wrote it admits anybody at all: its entries may all be over."""
    return not listed or any(until is None or now < until for _network, until in _compiled(listed))


def is_address(text: str) -> bool:
    """Tell whether a text is the address of a client, without the zone of a network."""
    return "%" not in text and _client(text) is not None


def named(listed: str) -> list[str]:
    """Return the networks of a list as `kept` wrote it, without their ends."""
    return [written.partition("@")[0] for written in listed.split(";")]


def lists(own: Any, customer: Any = None) -> list[Any]:
    """Return the columns that a row needs for `admitted`, of an identity and of its customer."""
    inherited = null() if customer is None else customer.provider_networks
    return [own.own_networks, own.provider_networks, inherited.label("customer_networks")]


def admitted(row: Any, address: str | None, now: datetime) -> bool:
    """Tell whether somebody may come from an address: the one rule, asked at every door and request (TIP-07).

    `row` has the columns of `lists`. In force are the provider's list (an individual's own, else the customer's) and
    one's own.
    """
    return admits(provider_in_force(row), address, now) and admits(row.own_networks, address, now)


def provider_in_force(row: Any) -> str | None:
    """Return the provider's list that counts for somebody: their own, else their customer's."""
    listed: str | None = row.provider_networks or row.customer_networks
    return listed


_HOLDER = (
    select(Identity.id, Identity.customer_id, Identity.version, *lists(Identity, _customer))
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .where(Identity.id == bindparam("id"))
)


def on_list(reader: Connection, identity_id: str, which: NetworkList) -> Sequence[AnyRow]:
    """Return the entries of a list with author, note and expiry, in their order."""
    return reader.execute(_ON_LIST, {"id": identity_id, "list": which}).all()


def save(
    work: Work, identity_id: str, which: NetworkList, networks: Sequence[str], author_id: str | None, now: datetime
) -> tuple[list[str], list[str]]:
    """Make a list hold these networks; entries that stay keep author, note and expiry. Returns before and after."""
    held = {
        entry.network: entry
        for entry in work.scalars(
            select(TrustedNetwork)
            .where(TrustedNetwork.identity_id == identity_id, TrustedNetwork.list == which)
            .order_by(TrustedNetwork.position)
        )
    }
    gone = [entry.id for network, entry in held.items() if network not in networks]
    if gone:
        work.execute(delete(TrustedNetwork).where(TrustedNetwork.id.in_(gone)))
    for position, network in enumerate(networks):
        if network in held:
            held[network].position = position
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
    until = {network: entry.expires_at for network, entry in held.items()}
    _stand(work, identity_id, which, kept((network, until.get(network)) for network in networks))
    return list(held), list(networks)


def save_own(work: Work, identity_id: str, version: int, networks: Sequence[str], now: datetime) -> None:
    """Make one's own list hold these networks; raises `Stale` when somebody saved since `version` was shown."""
    identity = _held(work, identity_id)
    if identity.version != version:
        raise Stale
    before, after = save(work, identity_id, NetworkList.OWN, networks, identity_id, now)
    if before == after:
        return
    identity.version += 1
    record(work, "networks.changed", list=str(NetworkList.OWN), before=before, after=after)


def holder(reader: Connection, identity_id: str) -> AnyRow:
    """Return what the page of somebody's own list shows beside its entries, with the columns of `lists`."""
    return reader.execute(_HOLDER, {"id": identity_id}).one()


def entry(reader: Connection, identity_id: str, which: NetworkList, entry_id: str) -> AnyRow | None:
    """Return one entry of somebody's list, or None."""
    statement = _ON_LIST.where(TrustedNetwork.id == entry_id)
    return reader.execute(statement, {"id": identity_id, "list": which}).one_or_none()


def allow(work: Work, identity_id: str, address: str, until: datetime, note: str, now: datetime) -> None:
    """Let an address pass somebody's provider's list until a moment.

    Raises `NotFound`, and `Invalid` when it is no address, the list lets it in already (an empty one lets in any, and
    would then let in this one alone), or the list is full.
    """
    identity = _held(work, identity_id)
    if not is_address(address):
        raise Invalid({"address": [N_("This is no address.")]})
    if admits(identity.provider_networks, address, now):
        raise Invalid({"address": [N_("The list lets this address in already.")]})
    stamp: Stamp = work.info["stamp"]
    provider = (TrustedNetwork.identity_id == identity_id, TrustedNetwork.list == NetworkList.PROVIDER)
    held = list(work.scalars(select(TrustedNetwork.network).where(*provider).order_by(TrustedNetwork.position)))
    try:
        (network,) = parse(address)
        listed = parse(as_text([*held, network]))
    except Unreadable as error:
        raise Invalid({"address": [str(error)]}) from error
    before, after = save(work, identity_id, NetworkList.PROVIDER, listed, stamp.actor_id, now)
    work.flush()
    entries = work.scalars(select(TrustedNetwork).where(*provider).order_by(TrustedNetwork.position)).all()
    allowed = next(one for one in entries if one.network == network)
    allowed.note, allowed.expires_at = note, until
    _stand(work, identity_id, NetworkList.PROVIDER, kept((one.network, one.expires_at) for one in entries))
    identity.version += 1
    about = replace(stamp, subject_id=identity_id, customer_id=identity.customer_id)
    told: dict[str, Any] = {"network": network, **_told(allowed), "before": before, "after": after}
    record(work, "networks.changed", of=about, list=str(NetworkList.PROVIDER), **told)


def change_entry(
    work: Work, identity_id: str, which: NetworkList, entry_id: str, note: str | None, expires_at: datetime | None
) -> None:
    """Say of an entry what it is for and until when it counts (None: always). Raises `NotFound`."""
    identity = _held(work, identity_id)
    listed = work.scalars(
        select(TrustedNetwork)
        .where(TrustedNetwork.identity_id == identity_id, TrustedNetwork.list == which)
        .order_by(TrustedNetwork.position)
    ).all()
    found = next((one for one in listed if one.id == entry_id), None)
    if found is None:
        raise NotFound
    before = _told(found)
    found.note, found.expires_at = note, expires_at
    if _told(found) == before:
        return
    _stand(work, identity_id, which, kept((one.network, one.expires_at) for one in listed))
    stamp: Stamp = work.info["stamp"]
    about = replace(stamp, subject_id=identity_id, customer_id=identity.customer_id)
    told = {"list": str(which), "network": found.network}
    record(work, "networks.changed", of=about, before={**told, **before}, after={**told, **_told(found)})


def _told(found: TrustedNetwork) -> dict[str, str | None]:
    return {"note": found.note, "expires_at": found.expires_at.isoformat() if found.expires_at else None}


def _held(work: Work, identity_id: str) -> Identity:
    """Return an identity and let nobody else change it meanwhile."""
    found = work.scalars(select(Identity).where(Identity.id == identity_id).with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def _stand(work: Work, identity_id: str, which: NetworkList, listed: str | None) -> None:
    work.execute(
        update(Identity)
        .where(Identity.id == identity_id)
        .values({COLUMN[which]: listed})
        .execution_options(synchronize_session=False)
    )


@lru_cache(maxsize=4096)
def _compiled(listed: str) -> tuple[tuple[Network, datetime | None], ...]:
    """Read a list as `kept` wrote it. What cannot be read admits nobody (ERR-02)."""
    found: list[tuple[Network, datetime | None]] = []
    for written in listed.split(";"):
        network, _at_sign, until = written.partition("@")
        try:
            found.append((ip_network(network), datetime.fromisoformat(until) if until else None))
        except ValueError:
            continue
    return tuple(found)


@lru_cache(maxsize=4096)
def _client(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        client = ip_address(address or "")
    except ValueError:
        return None
    mapped = client.ipv4_mapped if isinstance(client, IPv6Address) else None
    return mapped or client


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
