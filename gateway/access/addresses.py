"""Addresses that administrators store: where browsers are sent, and what the gateway itself calls (INJ-04, INP-05)."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway import outbound
from gateway.i18n.catalog import gettext as _

LONGEST = 500
PRINTABLE = re.compile(r"[!-~]+\Z")
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?\.?\Z|[0-9a-f:.]+\Z")


def fault(text: str) -> str | None:
    """Return why an address cannot be one that browsers are sent to, as a sentence, or None if it can.

    https, or http on this machine; no name and password in it, no fragment.
    """
    if len(text) > LONGEST:
        return _("An address has at most %(count)d characters.") % {"count": LONGEST}
    if not PRINTABLE.match(text) or "\\" in text:
        return _("An address has no spaces and no characters beyond ASCII.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _("This is no address that can be read.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in outbound.LOOPBACK_NAMES):
        return _("An address begins with https:// (http:// is for this machine only, localhost or 127.0.0.1).")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return _("An address carries no name and no password.")
    if not HOST.match(host) or port == 0:
        return _("An address names a host.")
    if "#" in text:
        return _("An address has no part after #.")
    return None


def fault_of_called(text: str, networks: Sequence[outbound.Network]) -> str | None:
    """Return why an address cannot be one that the gateway calls, or None; `networks` may be called though private.

    A name is judged again by what it resolves to, at every call.
    """
    if (found := fault(text)) is not None:
        return found
    host = urlsplit(text).hostname or ""
    try:
        address = ip_address("127.0.0.1" if host.rstrip(".") == "localhost" else host)
    except ValueError:
        return None
    if outbound.allowed(address, networks):
        return None
    return _("The gateway does not call private addresses. GATEWAY_OUTBOUND_NETWORKS allows those that it should.")
