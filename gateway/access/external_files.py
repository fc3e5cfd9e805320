"""A portal elsewhere as a JSON file, for the command that registers it: what the page in the console asks for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.access import addresses, structure_files
from gateway.access.external import ICONS, Registration
from gateway.access.structure import KEY
from gateway.outbound import Network

TEXTS = {"slug": 64, "title": 120}
NEEDED = ("slug", "title", "start_url", "redirect_uris", "structure")
KNOWN = (*NEEDED, "icon", "hue", "post_logout_uris", "logout_uri", "public")


class BadRegistration(ValueError):
    """A file that registers nothing; the message says all that is wrong, one sentence a line."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says."""

    slug: str
    registration: Registration
    pages: list[dict[str, Any]]


def read(text: str, networks: Sequence[Network]) -> Said:
    """Read a file; raises `BadRegistration`."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRegistration(f"It is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadRegistration("It should be an object.")
    faults = [f"{name} is missing." for name in NEEDED if name not in values]
    faults += [f"{name} is not known; known are {', '.join(KNOWN)}." for name in values if name not in KNOWN]
    faults += _faults(values, networks)
    try:
        pages = structure_files.read(json.dumps(values.get("structure")))
    except structure_files.BadStructure as bad:
        faults += [f"structure: {fault}" for fault in bad.faults]
    if faults:
        raise BadRegistration("\n".join(faults).encode("utf-8", "replace").decode())
    return Said(
        values["slug"],
        Registration(
            title=values["title"],
            icon=values.get("icon", ICONS[0]),
            hue=values.get("hue", 1),
            start_url=values["start_url"],
            redirect_uris=values["redirect_uris"],
            post_logout_uris=values.get("post_logout_uris", []),
            logout_uri=values.get("logout_uri", ""),
            public=values.get("public", False),
        ),
        pages,
    )


def _faults(values: dict[str, Any], networks: Sequence[Network]) -> list[str]:
    faults = []
    for name, longest in TEXTS.items():
        text = values.get(name, "-")
        if not isinstance(text, str) or not text.isprintable() or len(text) > longest or not text.strip():
            faults.append(f"{name} should be a text of one line, 1 to {longest} characters.")
    if not KEY.match(str(values.get("slug", "x"))):
        faults.append("slug should be lower-case words joined by hyphens.")
    if values.get("icon", ICONS[0]) not in ICONS:
        faults.append(f"icon should be one of {', '.join(ICONS)}.")
    if values.get("hue", 1) not in range(1, 6) or isinstance(values.get("hue", 1), bool):
        faults.append("hue should be 1 to 5.")
    if not isinstance(values.get("public", False), bool):
        faults.append("public should be true or false.")
    for name in ("redirect_uris", "post_logout_uris"):
        if not isinstance(values.get(name, []), list) or (name in NEEDED and values.get(name) == []):
            faults.append(f"{name} should be a list of addresses.")
            continue
        faults += [f"{name}: {found}" for uri in values.get(name, []) if (found := addresses.fault(str(uri)))]
    if "start_url" in values and (found := addresses.fault(str(values["start_url"]))):
        faults.append(f"start_url: {found}")
    if values.get("logout_uri") and (found := addresses.fault_of_called(str(values["logout_uri"]), networks)):
        faults.append(f"logout_uri: {found}")
    return faults
