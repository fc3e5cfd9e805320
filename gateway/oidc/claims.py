"""What a portal elsewhere is told of somebody: who, under whose rights, at which level at each of its nodes."""

import hashlib
import json
from typing import Any

from gateway.access.levels import Level
from gateway.access.visitor import Visitor
from gateway.identity.models import Kind, Mode
from gateway.identity.proofs import DEVICE, is_twofold

NAMES = (
    *("sub", "sid", "customer", "individual", "act", "role", "mode", "view_only", "levels"),
    *("name", "preferred_username", "locale", "zoneinfo", "formats"),
)


PROOF_NAMES = ("auth_time", "acr", "amr")
CLASSES = ("urn:portico:acr:1", "urn:portico:acr:2")
"""The values of `acr`: one factor, or two."""


def opens(who: Visitor, slug: str) -> bool:
    """Tell whether any page of a portal may be looked at."""
    return any(level > Level.FORBIDDEN for level in who.portal_levels(slug).values())


def rights(who: Visitor, slug: str) -> dict[str, Any]:
    """Return the claims of `product.md` §9 that say whose rights count and what they are.

    `act` is there when an administrator acts (RFC 8693, section 4.1); `individual` when the subject is one.
    """
    claims: dict[str, Any] = {
        "sub": who.id,
        "customer": {"id": who.customer_id, "name": who.customer_name, "status": who.customer_status},
        "role": {"id": who.role_id, "name": who.role_name},
        "mode": who.visit.mode if who.visit else Mode.ASSIGNED,
        "view_only": who.visit.view_only if who.visit else False,
        "levels": {node: level.word for node, level in who.portal_levels(slug).items()},
    }
    if who.kind is Kind.INDIVIDUAL:
        claims["individual"] = {"id": who.id, "name": who.name}
    if who.actor is not None:
        claims["act"] = {"sub": who.actor.id, "name": who.actor.name, "preferred_username": who.actor.login}
    return claims


def profile(who: Visitor) -> dict[str, Any]:
    """Return the claims of the scope `profile`: names, and how things read for them."""
    reads = who.preferences
    return {
        "name": who.name,
        "preferred_username": who.login,
        "locale": reads.language,
        "zoneinfo": reads.time_zone,
        "formats": {
            "output_date": reads.output_date,
            "output_time": reads.output_time,
            "input_date": reads.input_date,
            "input_time": reads.input_time,
        },
    }


def claims_of(who: Visitor, slug: str, sid: str) -> dict[str, Any]:
    """Return everything that is said of somebody to one portal."""
    return {**rights(who, slug), **profile(who), "sid": sid}


def proof(who: Visitor) -> dict[str, Any]:
    """Return when and how whoever is at the keyboard proved who they are, for the id token.

    `amr` has the words of RFC 8176, with `mfa` where there were two factors; `acr` says as much in one word.
    """
    two, shown = is_twofold(who.methods), [method for method in who.methods if method != DEVICE]
    return {
        "auth_time": int(who.started_at.timestamp()),
        "acr": CLASSES[two],
        "amr": [*shown, "mfa"] if two else shown,
    }


def digest(who: Visitor, slug: str) -> str:
    """Return what changes when what a portal was told of somebody's rights no longer holds."""
    said = rights(who, slug)
    kept = [who.role_id, who.customer_status, who.actor.id if who.actor else None]
    text = json.dumps([*kept, said["mode"], said["view_only"], said["levels"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
