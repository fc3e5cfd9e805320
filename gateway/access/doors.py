"""The doors of a role to a portal elsewhere: where it enters, and further views of it at addresses of their own.

All of them share the levels of the role's portal view: whoever may come in by one may come in by each.
"""

from collections.abc import Collection, Iterable, Mapping

from gateway.access import addresses
from gateway.i18n.catalog import gettext as _

Doors = Mapping[str, str]
"""Addresses by the name of the view; the name is empty where the role enters."""

MOST = 10
LONGEST_NAME = 60


def faults(doors: Iterable[tuple[str, str]], has_view: bool) -> dict[int, str]:
    """Return what is wrong with names and addresses, by their place; nothing for those where both are empty.

    The first is where the role enters; `has_view`: the role has levels in that portal.
    """
    found: dict[int, str] = {}
    names: set[str] = set()
    for place, (name, url) in enumerate(doors):
        if (name or url) and not has_view:
            found[place] = _("Give the role a level in this portal first.")
        elif place > MOST:
            found[place] = _("At most %(most)d further views.") % {"most": MOST}
        elif name and (len(name) > LONGEST_NAME or not name.isprintable()):
            found[place] = _("Enter a name of at most %(longest)d characters.") % {"longest": LONGEST_NAME}
        elif name.casefold() in names:
            found[place] = _("This name stands twice.")
        elif name and not url:
            found[place] = _("Enter an address.")
        elif url and not name and place:
            found[place] = _("Enter a name.")
        elif url and (fault := addresses.fault(url)):
            found[place] = fault
        names |= {name.casefold()} if name else set()
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
        if slug not in elsewhere:
            found[slug] = [_("There is no such portal elsewhere.")]
        elif wrong := faults(in_order(own), bool(views.get(slug))):
            found[slug] = list(wrong.values())
    return found
