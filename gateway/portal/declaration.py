"""A portal is a value: declared once, checked at start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint

from gateway.access.erasing import Forget
from gateway.access.external import External
from gateway.access.structure import Structure
from gateway.identity.models import Realm
from gateway.importing import Importer


@dataclass(frozen=True)
class Portal:
    """One self-care application.

    `slug` is its address and its key for ever, `title` and `summary` are marked with `N_`, `icon` names a Lucide icon,
    `hue` is one of five colours (1 to 5), `importers` are the CSV files that it takes. `translations` is the folder of
    its catalogues, `<language>/LC_MESSAGES/messages.po`; without one its texts are in the gateway's. `forget` takes
    away what it kept of customers for long enough, and all that it has of one that is erased.

    `events` are the titles of what it puts on the record, by code (`<slug>.…`), `details` what the details of those are
    called, by key; both marked with `N_`. What staff do in a visit is told to the customer in these words.
    """

    slug: str
    title: str
    icon: str
    blueprint: Blueprint
    structure: Structure
    summary: str = ""
    hue: int = 1
    importers: Sequence[Importer] = ()
    realm: Realm = Realm.SELF_CARE
    path: str = ""
    translations: Path | None = None
    forget: Forget | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Return the path under which the portal is mounted."""
        return self.path or f"/portals/{self.slug}"


AnyPortal = Portal | External
"""A portal of this process or one that lives elsewhere: both have slug, title, icon, hue, structure, realm, prefix."""
