"""One frozen value for everything that is set from outside; the only reader of the environment.

An unknown name, a missing secret or a weak one refuses to start, and all that is wrong is listed at once (KEY-01,
ASVS 13.3.1). A message names the setting and what to mend, never the value.
"""

import difflib
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from babel import Locale, UnknownLocaleError

from gateway.errors import SettingsError

T = TypeVar("T")
Network = IPv4Network | IPv6Network

PREFIX = "GATEWAY_"
FROM_FILE = "_FILE"
SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 8
LONGEST_BRAND = 60
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SAMPLES = re.compile(
    "change.?me|secret|passw(or)?d|example|sample|default|insecure|replace|placeholder|development", re.I
)
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")
BRAND = re.compile(rf"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{{1,{LONGEST_BRAND}}}\Z")


SHIPPED = ("en", "de", "fr", "es", "pt-BR", "uk", "ar", "ja")
CATALOGUES = Path(__file__).parent.parent / "translations"


def shipped_languages() -> tuple[str, ...]:
    """Return English and the languages that there is a catalogue for."""
    return tuple(tag for tag in SHIPPED if tag == "en" or (CATALOGUES / tag.replace("-", "_")).is_dir())


@dataclass(frozen=True, slots=True)
class Description:
    """What a setting means, in a sentence; `secret` values are masked wherever settings are shown."""

    name: str
    meaning: str
    secret: bool = False
    required: bool = False
    default: str = ""


DESCRIPTIONS = (
    Description("GATEWAY_SECRET_KEYS", "Keys that sign and encrypt, comma-separated, newest first.", True, True),
    Description("GATEWAY_AUDIT_KEYS", "Keys that chain the audit record, comma-separated, newest first.", True, True),
    Description("GATEWAY_DATABASE_URL", "The database: sqlite:///path or postgresql://name@host/database.", True, True),
    Description("GATEWAY_BASE_URL", "Where browsers reach the gateway; https is production.", False, True),
    Description("GATEWAY_REDIS_URL", "Redis, for rate limits that several processes share.", True),
    Description("GATEWAY_TRUSTED_PROXIES", "Networks whose X-Forwarded-For and X-Forwarded-Proto count."),
    Description(
        "GATEWAY_MAIL_URL",
        "The mail server: smtp://host:25 or smtps://name:password@host, with ?from=address if wanted.",
        True,
    ),
    Description("GATEWAY_BRAND", "The name that pages and mails carry.", default="Portico"),
    Description(
        "GATEWAY_LANGUAGES",
        "Languages on offer, BCP 47 tags, the default first.",
        default=",".join(shipped_languages()),
    ),
    Description(
        "GATEWAY_METRICS_NETWORKS", "Networks that may see /metrics and /readyz.", default="127.0.0.0/8,::1/128"
    ),
    Description("GATEWAY_OUTBOUND_NETWORKS", "Private networks that back-channel calls may reach."),
)


@dataclass(frozen=True)
class Settings:
    """Everything set from outside. Keys stand newest first, languages with the default first."""

    secret_keys: tuple[str, ...] = field(repr=False)
    audit_keys: tuple[str, ...] = field(repr=False)
    database_url: str = field(repr=False)
    base_url: str
    redis_url: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[Network, ...] = ()
    mail_url: str | None = field(default=None, repr=False)
    brand: str = "Portico"
    languages: tuple[str, ...] = shipped_languages()
    metrics_networks: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    outbound_networks: tuple[Network, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read `GATEWAY_*` names, each also as `…_FILE`, the path of a file that holds the value.

        Raises SettingsError with everything that is wrong, one sentence a line.
        """
        reader = _Reader(env)
        settings = cls(
            secret_keys=reader.value("GATEWAY_SECRET_KEYS", _secrets, ()),
            audit_keys=reader.value("GATEWAY_AUDIT_KEYS", _secrets, ()),
            database_url=reader.value("GATEWAY_DATABASE_URL", _database_url, ""),
            base_url=reader.value("GATEWAY_BASE_URL", _base_url, ""),
            redis_url=reader.value("GATEWAY_REDIS_URL", _redis_url, None),
            trusted_proxies=reader.value("GATEWAY_TRUSTED_PROXIES", _proxies, ()),
            mail_url=reader.value("GATEWAY_MAIL_URL", _mail_url, None),
            brand=reader.value("GATEWAY_BRAND", _brand, cls.brand),
            languages=reader.value("GATEWAY_LANGUAGES", _languages, cls.languages),
            metrics_networks=reader.value("GATEWAY_METRICS_NETWORKS", _networks, cls.metrics_networks),
            outbound_networks=reader.value("GATEWAY_OUTBOUND_NETWORKS", _networks, ()),
        )
        if set(settings.secret_keys) & set(settings.audit_keys):
            reader.problems.append("GATEWAY_AUDIT_KEYS repeats a key of GATEWAY_SECRET_KEYS; make one of its own.")
        if reader.problems:
            raise SettingsError("\n".join(reader.problems))
        return settings

    @property
    def production(self) -> bool:
        """Tell whether browsers come over https."""
        return self.base_url.startswith("https:")

    def derived_keys(self, purpose: str) -> list[bytes]:
        """Return a key of 32 bytes for `purpose` from each secret key, oldest first, as itsdangerous wants them.

        HMAC-SHA256 keeps the purposes apart: a token of one is never good for another (KEY-04, ASVS 9.2.2).
        """
        return list(self.keys_by_id(purpose).values())

    def keys_by_id(self, purpose: str) -> dict[str, bytes]:
        """Return the same keys by the id of their secret key, oldest first, so that what is kept can name its key.

        The id, 8 hexadecimal digits, is derived like a key of its own purpose and says nothing about the others.
        """
        return {_derived(key, "key id").hex()[:8]: _derived(key, purpose) for key in reversed(self.secret_keys)}


def in_force(env: Mapping[str, str] = os.environ) -> list[tuple[Description, str, str]]:
    """Return for each setting its description, its value (masked if secret) and where that comes from."""
    reader = _Reader(env)
    rows = []
    for description in DESCRIPTIONS:
        name = description.name
        value = reader.text(name)
        source = "environment" if env.get(name) else f"file {env[name + FROM_FILE]}" if value else "default"
        shown = "********" if value and description.secret else value or description.default
        rows.append((description, shown, source))
    return rows


class _Reader:
    """Takes values from an environment and gathers what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []
        known = [name for description in DESCRIPTIONS for name in (description.name, description.name + FROM_FILE)]
        for name in sorted(env):
            if name.startswith(PREFIX) and name not in known:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
                self.problems.append(f"{name} is no setting" + (f"; is {close[0]} meant?" if close else "."))

    def text(self, name: str) -> str:
        """Return the value of `name`, from the environment or from its file; empty if there is none."""
        given, path = self._env.get(name, "").strip(), self._env.get(name + FROM_FILE, "")
        if not path:
            return given
        if given:
            self.problems.append(f"{name} and {name}{FROM_FILE} are both set; keep one.")
            return given
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}{FROM_FILE} names a file that cannot be read ({type(error).__name__}).")
            return ""

    def value(self, name: str, read: Callable[[str], T], default: T) -> T:
        """Return what `read` makes of the value, or `default` without one; `read` raises ValueError with a reason."""
        before = len(self.problems)
        text = self.text(name)
        if not text:
            required = any(description.required for description in DESCRIPTIONS if description.name == name)
            if required and len(self.problems) == before:
                self.problems.append(f"{name} is missing.")
            return default
        try:
            return read(text)
        except ValueError as error:
            self.problems.append(f"{name} {error}.")
            return default


def _derived(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), b"portico key for " + purpose.encode(), hashlib.sha256)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _secrets(text: str) -> tuple[str, ...]:
    keys = tuple(_items(text))
    if not keys:
        raise ValueError("is missing")
    for number, key in enumerate(keys, 1):
        which = f" (key {number} of {len(keys)})" if len(keys) > 1 else ""
        if len(key) < SHORTEST_SECRET:
            raise ValueError(f"is too short: at least {SHORTEST_SECRET} characters are needed{which}")
        if SAMPLES.search(key):
            raise ValueError(f"is a sample value: make one of your own{which}")
        if len(set(key)) < FEWEST_CHARACTERS or key in (key + key)[1:-1] or _counts_up(key):
            raise ValueError(f"is easy to guess: make one at random{which}")
    if len(set(keys)) < len(keys):
        raise ValueError("names the same key twice")
    return keys


def _counts_up(key: str) -> bool:
    """Tell whether most characters follow their neighbour, as in abcdef or 123456."""
    steps = [abs(ord(after) - ord(before)) == 1 for before, after in pairwise(key)]
    return sum(steps) > len(steps) / 2


def _url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValueError("is no address that can be read") from None
    if url.scheme not in schemes:
        raise ValueError(f"should begin with {' or '.join(scheme + '://' for scheme in schemes)}")
    return url


def _database_url(text: str) -> str:
    url = _url(text, ("sqlite", "postgresql", "postgresql+psycopg"))
    if url.scheme == "sqlite" and (url.netloc or len(url.path) < 2):
        raise ValueError("should name a file: sqlite:///relative/path or sqlite:////absolute/path")
    return text


def _redis_url(text: str) -> str:
    _url(text, ("redis", "rediss", "unix"))
    return text


def _mail_url(text: str) -> str:
    if not _url(text, ("smtp", "smtps")).hostname:
        raise ValueError("should name a host")
    return text


def _base_url(text: str) -> str:
    url = _url(text, ("https", "http"))
    host = url.hostname or ""
    if url.username is not None or url.password is not None:
        raise ValueError("should carry no name and no password")
    if url.path not in ("", "/") or url.query or url.fragment or text.endswith(("?", "#")):
        raise ValueError("should be scheme and host alone: no path, no query")
    if ":" in host:
        host = f"[{host}]"
    elif not HOST.match(host):
        raise ValueError("should name a host, in ASCII (xn--…)")
    if url.scheme == "http" and (url.hostname or "") not in LOOPBACK:
        raise ValueError("should be https; http is for localhost and 127.0.0.1 only")
    usual = {"https": 443, "http": 80}[url.scheme]
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port not in (None, usual) else "")


def _brand(text: str) -> str:
    if not BRAND.match(text):
        raise ValueError(f"should be one line of at most {LONGEST_BRAND} characters")
    return text


def _languages(text: str) -> tuple[str, ...]:
    tags = []
    for item in _items(text):
        try:
            tags.append(str(Locale.parse(item, sep="-")).replace("_", "-"))
        except (ValueError, UnknownLocaleError):
            raise ValueError("should list languages as BCP 47 tags, like en,pt-BR,zh-Hant") from None
    if not tags or len(set(tags)) < len(tags):
        raise ValueError("should name each language once")
    return tuple(tags)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(_network(item) for item in _items(text))
    except ValueError:
        raise ValueError("should list networks, like 10.0.0.0/8,2001:db8::/32, no bits beyond the prefix") from None


def _network(item: str) -> Network:
    """Read an address or address/prefix; no netmask (0.0.0.255 would be a host mask), zone, or IPv4 within IPv6."""
    network = ip_network(item)
    prefix = item.partition("/")[2]
    mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped
    if "%" in item or mapped or (prefix and prefix != str(network.prefixlen)):
        raise ValueError("is not written as address/prefix")
    return network


def _proxies(text: str) -> tuple[Network, ...]:
    networks = _networks(text)
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("trusts the whole internet: anybody could then claim any address")
    return networks
