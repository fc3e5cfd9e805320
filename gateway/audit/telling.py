"""What an event changed, in words: labels for details, and values as their reader has them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.i18n.catalog import N_, gettext
from gateway.i18n.formats import Formats

LABELS: Mapping[str, str] = {
    "activates_on": N_("Active from"),
    "api_access": N_("API access"),
    "admin_absolute_minutes": N_("Administrators' sessions, minutes in all"),
    "admin_idle_minutes": N_("Administrators' sessions, minutes unused"),
    "absolute_minutes": N_("Sessions, minutes in all"),
    "class_id": N_("Class"),
    "customer": N_("Customer"),
    "customer_class": N_("Class"),
    "description": N_("Description"),
    "device": N_("Device"),
    "devices": N_("Devices"),
    "door": N_("Where"),
    "email": N_("E-mail"),
    "expires_at": N_("Until"),
    "expires_on": N_("Expires"),
    "factor": N_("Second factor"),
    "fault": N_("Fault"),
    "file": N_("File"),
    "holders": N_("Held by"),
    "icon": N_("Icon"),
    "identity": N_("Who"),
    "idle_minutes": N_("Sessions, minutes unused"),
    "input_date_format": N_("Format for typing dates"),
    "input_time_format": N_("Format for typing times"),
    "language": N_("Language"),
    "level": N_("Level"),
    "list": N_("List"),
    "login": N_("Login"),
    "mode": N_("Rights"),
    "moved": N_("Moved"),
    "moved_to": N_("Moved to"),
    "name": N_("Name"),
    "network": N_("Network"),
    "networks": N_("Trusted networks"),
    "networks_lifted": N_("Trusted networks taken away"),
    "note": N_("Note"),
    "of_identity": N_("Whose"),
    "output_date_format": N_("Format of dates"),
    "output_time_format": N_("Format of times"),
    "password": N_("Password"),
    "password_days": N_("Days that a password is good for"),
    "password_shortest": N_("Shortest password"),
    "path": N_("Address of the page"),
    "portal": N_("Portal"),
    "portals": N_("Portals"),
    "realm": N_("Realm"),
    "role": N_("Role"),
    "role_id": N_("Role"),
    "rows": N_("Rows"),
    "second_factor": N_("Two-factor authentication"),
    "sessions_ended": N_("Sessions ended"),
    "slug": N_("Portal"),
    "status": N_("Status"),
    "subject": N_("For whom"),
    "support_access": N_("Support access"),
    "time_zone": N_("Time zone"),
    "title": N_("Title"),
    "trusted_networks": N_("Trusted networks"),
    "until": N_("Until"),
    "view_only": N_("View only"),
    "why": N_("Reason"),
}
"""What the details of events are called; others stand there by their key."""

WORDS: Mapping[str, str] = {
    "active": N_("active"),
    "admin": N_("staff"),
    "app": N_("authenticator app"),
    "assigned": N_("assigned role"),
    "blocked": N_("blocked"),
    "changed": N_("changed"),
    "closed": N_("closed"),
    "consent": N_("on consent"),
    "forbidden": N_("forbidden"),
    "full": N_("full"),
    "inherit": N_("inherited"),
    "no": N_("no"),
    "open": N_("open"),
    "own": N_("own"),
    "passkey": N_("passkey"),
    "provider": N_("provider"),
    "reason": N_("reason asked"),
    "self-care": N_("customers and individuals"),
    "suspended": N_("suspended"),
    "view": N_("view"),
    "yes": N_("yes"),
}
IN_WORDS = frozenset(
    {
        *("status", "realm", "factor", "mode", "password", "level", "second_factor", "support_access", "list"),
    }
)
"""The details whose values are of `WORDS`."""

IDS = frozenset({"identity", "of_identity", "customer", "subject", "role", "role_id", "moved_to", "moved"}) | {
    *("class_id", "customer_class"),
}
"""The details that hold ids of identities, roles and classes."""

CHANGED_ALONE: Mapping[str, str] = {
    "customer.status": "status",
    "email.changed": "email",
    "email.asked": "email",
    "networks.changed": "trusted_networks",
}
"""What it is that changed where an event tells of one thing alone."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
_DAYS = frozenset({"activates_on", "expires_on"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that an event tells: its label (`known`: in words), what it was if it changed, and what it is."""

    label: str
    known: bool
    before: str | None
    now: str


def ids_in(details: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the ids in the details of an event whose names are to be looked up."""
    for name, value in (details or {}).items():
        if isinstance(value, dict):
            yield from ids_in(value)
        elif name in IDS:
            yield from (id for id in (value if isinstance(value, list) else [value]) if isinstance(id, str))


def facts(
    event: str,
    details: Mapping[str, Any] | None,
    names: Mapping[str, str],
    of_portals: Mapping[str, str],
    f: Formats,
    only: Collection[str] | None = None,
) -> list[Fact]:
    """Return what an event tells.

    `names` are those of `ids_in`, `of_portals` what portals call their details, `only` those that may be told (None:
    all).
    """
    labels = {**of_portals, **LABELS}
    return [
        Fact(
            gettext(labels[name]) if name in labels else name,
            name in labels,
            _said(name, old, names, f) if changed else None,
            _said(name, new, names, f),
        )
        for name, changed, old, new in _things(event, details or {})
        if only is None or name in only
    ]


def _things(event: str, details: Mapping[str, Any]) -> Iterator[tuple[str, bool, Any, Any]]:
    """Yield each thing that is told: its key, whether it changed, what it was and what it is."""
    before, after = details.get("before"), details.get("after")
    told = {name: value for name, value in details.items() if name not in ("before", "after") and value is not None}
    if isinstance(before, dict | None) and isinstance(after, dict | None):
        was, becomes = before or {}, after or {}
        for name in {**was, **becomes}:
            yield name, before is not None and was.get(name) != becomes.get(name), was.get(name), becomes.get(name)
            told.pop(name, None)
    else:
        yield CHANGED_ALONE.get(event, "after"), before is not None, before, after
    for name, value in told.items():
        yield name, False, None, value


def _said(name: str, value: Any, names: Mapping[str, str], f: Formats) -> str:
    """Write a value in words."""
    if value is None or value in ("", [], {}):
        return gettext(N_("empty"))
    if isinstance(value, bool):
        return gettext(N_("yes")) if value else gettext(N_("no"))
    if isinstance(value, int):
        return f.number(value)
    if isinstance(value, list):
        return ", ".join(_said(name, one, names, f) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key or name}: {_said('level', one, names, f)}" for key, one in value.items())
    text = str(value)
    if name in IDS:
        return names.get(text, text)
    if name in IN_WORDS and text in WORDS:
        return gettext(WORDS[text])
    if name in _DAYS:
        return _day(text, f)
    return f.moment(datetime.fromisoformat(text)) if _MOMENT.match(text) else text


def _day(text: str, f: Formats) -> str:
    try:
        return f.day(date.fromisoformat(text))
    except ValueError:
        return text
