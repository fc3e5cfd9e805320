"""The doors of a role to a portal elsewhere: where it enters, and further views of it at addresses of their own.

All of them share the levels of the role's portal view: whoever may come in by one may come in by each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.access import addresses
from gateway.i18n.catalog import gettext as _

Doors = Mapping[str, str]
"""Addresses by the name of the view; the name is empty where the role enters."""

MOST = 10
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a door, and with which part of it: the `name` or the `url`."""

    part: str
    text: str


def faults(doors: Sequence[tuple[str, str]], has_view: bool) -> dict[int, Fault]:
    """Return what is wrong with names and addresses, by their place; nothing for those where both are empty.

    The first is where the role enters; `has_view`: the role has levels in that portal.
    """
    found: dict[int, Fault] = {}
    names: set[str] = set()
    for place, (name, url) in enumerate(doors):
        if not name and not url:
            continue
        if not has_view:
            found[place] = Fault("url", _("Give the role a level in this portal first."))
        elif place > MOST:
            found[place] = Fault("name", _("At most %(most)d further views.") % {"most": MOST})
        elif place and not name:
            found[place] = Fault("name", _("Enter a name."))
        elif len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
            text = _("Enter a name of at most %(longest)d characters.") % {"longest": LONGEST_NAME}
            found[place] = Fault("name", text)
        elif name.casefold() in names:
            found[place] = Fault("name", _("This name stands twice."))
        elif not url:
            found[place] = Fault("url", _("Enter an address."))
        elif fault := addresses.fault(url):
            found[place] = Fault("url", fault)
        names.add(name.casefold())
    return found


def in_order(doors: Doors) -> list[tuple[str, str]]:
    """Return names and addresses as rows, the first for where the role enters."""
    return [("", doors.get("", "")), *((name, url) for name, url in doors.items() if name)]


def faults_by_portal(
    doors: Mapping[str, Doors], elsewhere: Collection[str], views: Mapping[str, object]
) -> dict[str, list[str]]:
    """Return what is wrong with doors that a program or a file names, by the portal's slug.

    `elsewhere` are the portals that may have them, `views` the portals that the role has levels in.
    """
    found = {}
    for slug, own in doors.items():
        rows = in_order(own)
        if slug not in elsewhere:
            found[slug] = [_("There is no such portal elsewhere.")]
        elif wrong := faults(rows, bool(views.get(slug))):
            found[slug] = [f"{rows[place][0]}: {fault.text}".removeprefix(": ") for place, fault in wrong.items()]
    return found
