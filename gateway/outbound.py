"""Calls from here to other servers: to public addresses only, unless a private network is allowed; nothing is followed.

The name is resolved once and the connection goes to the address that was judged, so that a name which answers
differently the second time gains nothing. The whole call has one limit of time (INP-05, ASVS 13.2.4).
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

SECONDS = 3.0
LONGEST_STATUS_LINE = 1024
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(Exception):
    """A call that was not made or not answered; the message says why, in a few words."""


def allowed(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    """Tell whether an address may be called: public, or within one of the private `networks` that are allowed."""
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address.version == network.version and address in network for network in networks):
        return True
    return address.is_global and not address.is_multicast


def call(
    method: str,
    url: str,
    networks: Sequence[Network],
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> int:
    """Call `url` and return the status of the answer, of which nothing else is read; raises `Unreachable`."""
    until = time.monotonic() + seconds
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and (parts.scheme != "http" or host not in LOOPBACK_NAMES):
        raise Unreachable("not https")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {
        "Host": parts.netloc,
        "User-Agent": "Portico",
        "Connection": "close",
        **(headers or {}),
        **({"Content-Length": str(len(body))} if method == "POST" else {}),
    }
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    try:
        with _connected(_judged(host, port, networks), port, until) as plain:
            if parts.scheme == "http":
                return _asked(plain, head.encode("ascii") + b"\r\n" + body, until)
            plain.settimeout(_left(until))
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as sealed:
                return _asked(sealed, head.encode("ascii") + b"\r\n" + body, until)
    except TimeoutError as error:
        raise Unreachable("no answer in time") from error
    except (OSError, ValueError) as error:
        raise Unreachable(type(error).__name__) from error


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _judged(host: str, port: int, networks: Sequence[Network]) -> str:
    """Resolve a name and return its first address, if all of them may be called."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("no such host") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not allowed(ip_address(address), networks):
            raise Unreachable("a private address")
    return addresses[0]


def _connected(address: str, port: int, until: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=_left(until))


def _asked(connection: socket.socket, request: bytes, until: float) -> int:
    connection.settimeout(_left(until))
    connection.sendall(request)
    answer = b""
    while b"\r\n" not in answer and len(answer) <= LONGEST_STATUS_LINE:
        connection.settimeout(_left(until))
        more = connection.recv(LONGEST_STATUS_LINE)
        if not more:
            break
        answer += more
    words = answer.partition(b"\r\n")[0].split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("no HTTP answer")
    return int(words[1])
