"""A role as a JSON file: written and read strictly, with every fault named."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.access.doors import Doors, faults_by_portal
from gateway.access.levels import Level
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm

FORMAT = "portico-role-1"
FIELDS = {"format", "realm", "name", "description", "views", "doors"}
WORDS = [level.word for level in Level]

Nodes = Mapping[str, Collection[str]]
"""Portal slug to its node keys."""


class BadFile(ValueError):
    """A file that is no role; `faults` are sentences. Half a character cannot be written: it is shown as a `?`."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = [fault.encode("utf-8", "replace").decode() for fault in faults]
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class RoleFile:
    """A role outside of any gateway."""

    realm: Realm
    name: str
    description: str
    views: Mapping[str, Mapping[str, str]]
    doors: Mapping[str, Doors]


def write(role: RoleFile) -> str:
    """Return the text of a file."""
    values = {
        "format": FORMAT,
        "realm": str(role.realm),
        "name": role.name,
        "description": role.description,
        "views": {slug: dict(sorted(levels.items())) for slug, levels in sorted(role.views.items())},
        **({"doors": role.doors} if role.doors else {}),
    }
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def read(text: str, portals: Mapping[Realm, Nodes], elsewhere: Collection[str]) -> RoleFile:
    """Read a file; raises `BadFile` with every fault: where it is, and what would be right.

    `portals` are those that there are, `elsewhere` those of them that do not live in this process.
    """
    try:
        values = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadFile([_("This is not JSON: %(error)s") % {"error": error}]) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise BadFile([_("This is no role: “format” should be “%(format)s”.") % {"format": FORMAT}])
    faults = [
        _("“%(field)s” is not known; known are %(known)s.") % {"field": field, "known": ", ".join(sorted(FIELDS))}
        for field in values.keys() - FIELDS
    ]
    for field, longest in (("name", 120), ("description", 500)):
        value = values.get(field, "")
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            faults.append(
                _("“%(field)s” should be a text of at most %(longest)d characters.")
                % {"field": field, "longest": longest}
            )
        elif field == "name" and not value.strip():
            faults.append(_("A name is missing."))
    if values.get("realm") not in list(Realm):
        raise BadFile([*faults, _("“realm” should be “self-care” or “admin”.")])
    realm = Realm(values["realm"])
    views = values.get("views", {})
    if not isinstance(views, dict):
        raise BadFile([*faults, _("“views” should be an object: portal to pages to levels.")])
    for slug, levels in views.items():
        faults += _faults_of_view(slug, levels, portals.get(realm, {}))
    doors = values.get("doors", {})
    faults += _faults_of_doors(doors, elsewhere, views)
    if faults:
        raise BadFile(faults)
    return RoleFile(realm, values["name"].strip(), values.get("description", "").strip(), views, doors)


def _faults_of_view(slug: str, levels: Any, known: Nodes) -> list[str]:
    if slug not in known:
        return [
            _("There is no portal “%(slug)s” in this realm; there are %(known)s.")
            % {"slug": slug, "known": ", ".join(known)}
        ]
    if not isinstance(levels, dict):
        return [_("The levels of “%(slug)s” should be an object: page to level.") % {"slug": slug}]
    faults = []
    for key, word in levels.items():
        if key and key not in known[slug]:
            faults.append(_("The portal “%(slug)s” has no page “%(key)s”.") % {"slug": slug, "key": key})
        if word not in WORDS:
            faults.append(
                _("The level of “%(key)s” in “%(slug)s” should be one of %(words)s.")
                % {"key": key, "slug": slug, "words": ", ".join(WORDS)}
            )
    return faults


def _faults_of_doors(doors: Any, elsewhere: Collection[str], views: Mapping[str, Any]) -> list[str]:
    is_read = isinstance(doors, dict) and all(isinstance(own, dict) for own in doors.values())
    if not is_read or any(not isinstance(url, str) for own in doors.values() for url in own.values()):
        return [_("“doors” should be an object: portal to names to addresses.")]
    found = faults_by_portal(doors, elsewhere, views)
    return [f"doors.{slug}: {fault}" for slug, faults in found.items() for fault in faults]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found
