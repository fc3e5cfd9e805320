"""Portals that live elsewhere: what is known of them, registered and changed. Their structure is uploaded."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work

from gateway.access.models import ExternalPortal, PortalState, PortalView, Role
from gateway.access.structure import Structure
from gateway.access.structure_files import structure_of
from gateway.audit.operations import record
from gateway.db import AnyRow, rows_changed
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.identity import elsewhere
from gateway.identity.models import ExternalSession, Gateway, Realm
from gateway.tokens import key_of, new_secret

ICONS = (
    *("inbox", "building-2", "chart-column", "cpu", "mail", "phone", "receipt", "settings", "signal", "smartphone"),
    *("users-round", "wallet", "wifi", "calendar-days", "bell", "layout-dashboard"),
)

MISSES = 2

_TABLE: Any = ExternalPortal.__table__
_ALL = select(_TABLE).order_by(_TABLE.c.slug)


@dataclass(frozen=True)
class External:
    """A portal elsewhere, with what a declaration in code would say of it; `up`: its start page answers."""

    slug: str
    title: str
    icon: str
    hue: int
    start_url: str
    structure: Structure
    up: bool
    realm: ClassVar[Realm] = Realm.SELF_CARE
    translations: ClassVar[None] = None

    @property
    def prefix(self) -> str:
        """Return the path of ours from which the way leads to it."""
        return f"/portals/{self.slug}"


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a portal beside its structure. `logout_uri` may be empty: then it cannot be told of log-outs."""

    title: str
    icon: str
    hue: int
    start_url: str
    redirect_uris: Sequence[str]
    post_logout_uris: Sequence[str]
    logout_uri: str
    public: bool


def externals(reader: Connection) -> Mapping[str, External]:
    """Return every portal elsewhere by slug."""
    return {row.slug: external_of(row) for row in reader.execute(_ALL)}


def external_of(row: Any) -> External:
    """Make the value of a row."""
    return External(
        row.slug,
        row.title,
        row.icon,
        row.hue,
        row.start_url,
        structure_of(row.pages),
        row.up,
    )


def rows(reader: Connection) -> Sequence[AnyRow]:
    """Return the rows of all portals elsewhere."""
    return reader.execute(_ALL).all()


def client(reader: Connection, slug: str) -> AnyRow | None:
    """Return the row of a portal elsewhere, or None."""
    usable = len(slug) <= 64 and "\0" not in slug
    return reader.execute(select(_TABLE).where(_TABLE.c.slug == slug)).one_or_none() if usable else None


def off(reader: Connection) -> Collection[str]:
    """Return the slugs of the portals that are switched off."""
    return set(reader.execute(select(PortalState.slug).where(PortalState.enabled.is_(False))).scalars())


def views_of(reader: Connection, slug: str) -> Sequence[AnyRow]:
    """Return the name and the own levels of each role that says something of a portal."""
    statement = select(Role.name, PortalView.levels).join(PortalView, PortalView.role_id == Role.id)
    return reader.execute(statement.where(PortalView.portal == slug).order_by(Role.name_key)).all()


def register(
    work: Work, slug: str, given: Registration, pages: list[dict[str, Any]], taken: Collection[str], now: datetime
) -> str | None:
    """Register a portal; return the secret of its client, to be shown once, or None for a public one.

    `taken` are the slugs of portals in this process. Raises `Invalid` when the slug is not free.
    """
    secret = None if given.public else new_secret()
    row = ExternalPortal(
        slug=slug,
        **_columns(given),
        secret_key=key_of(secret) if secret else None,
        pages=pages,
        created_at=now,
    )
    if slug in taken:
        raise Invalid({"slug": [N_("This short name is taken.")]})
    work.add(row)
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"slug": [N_("This short name is taken.")]}) from error
    _tell_everybody(work)
    record(work, "portal.registered", slug=slug, after=asdict(given))
    return secret


def change(work: Work, slug: str, version: int, given: Registration) -> str | None:
    """Change what is said of a portal; return a secret where one is needed now, to be shown once.

    Raises `NotFound`, and `Stale` when somebody saved since `version` was shown.
    """
    row = _locked(work, slug, version)
    values = _columns(given)
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    if not before:
        return None
    for name in before:
        setattr(row, name, values[name])
    secret = new_secret() if "public" in before and not given.public else None
    if "public" in before:
        row.secret_key = key_of(secret) if secret else None
    row.version += 1
    _tell_everybody(work)
    record(work, "portal.changed", slug=slug, before=before, after={name: values[name] for name in before})
    return secret


def set_pages(work: Work, slug: str, version: int, pages: list[dict[str, Any]]) -> None:
    """Give a portal another structure; it acts at the next request. Raises as `change` does."""
    row = _locked(work, slug, version)
    before, row.pages = row.pages, pages
    row.version += 1
    _tell_everybody(work)
    record(
        work,
        "portal.structure",
        slug=slug,
        before=list(structure_of(before).nodes),
        after=list(structure_of(pages).nodes),
    )


def new_client_secret(work: Work, slug: str, version: int) -> str:
    """Give a portal another secret, which is returned once; the one before stops working. Raises as `change` does."""
    row = _locked(work, slug, version)
    if row.public:
        raise NotFound
    secret = new_secret()
    row.secret_key = key_of(secret)
    row.version += 1
    record(work, "portal.secret", slug=slug)
    return secret


def delete_portal(work: Work, slug: str, version: int, now: datetime) -> None:
    """Take a portal away, for good: its sessions end, it is told so, and no role says anything of it any more.

    Raises as `change` does.
    """
    row = _locked(work, slug, version)
    ended = elsewhere.end(work, ExternalSession.portal == slug, "portal-deleted", now)
    elsewhere.address_notices(work, slug, row.logout_uri)
    views = delete(PortalView).where(PortalView.portal == slug).returning(PortalView.role_id)
    roles = sorted(work.scalars(views))
    work.execute(update(Role).where(Role.id.in_(roles)).values(version=Role.version + 1))
    work.execute(delete(PortalState).where(PortalState.slug == slug))
    before = {"title": row.title, "start_url": row.start_url, "roles": roles}
    work.delete(row)
    _tell_everybody(work)
    record(work, "portal.deleted", slug=slug, before=before, sessions_ended=ended)


def note_health(work: Work, slug: str, answered: bool, now: datetime) -> None:
    """Note whether a portal answered. One miss may be chance; what a second one changes, everybody's next page says."""
    ours = update(ExternalPortal).where(ExternalPortal.slug == slug)
    misses = 0 if answered else ExternalPortal.misses + 1
    work.execute(ours.values(checked_at=now, misses=misses))
    flips = ExternalPortal.up.is_(False) if answered else ExternalPortal.up & (ExternalPortal.misses >= MISSES)
    if rows_changed(work.execute(ours.where(flips).values(up=answered))):
        _tell_everybody(work)
        record(work, "portal.up" if answered else "portal.down", slug=slug)


def _columns(given: Registration) -> dict[str, Any]:
    values = asdict(given)
    values["redirect_uris"], values["post_logout_uris"] = list(given.redirect_uris), list(given.post_logout_uris)
    values["logout_uri"] = given.logout_uri or None
    return values


def _locked(work: Work, slug: str, version: int) -> ExternalPortal:
    row = work.scalars(select(ExternalPortal).where(ExternalPortal.slug == slug).with_for_update()).one_or_none()
    if row is None:
        raise NotFound
    if row.version != version:
        raise Stale
    return row


def _tell_everybody(work: Work) -> None:
    """Let every process read the portals anew at its next request."""
    work.execute(update(Gateway).where(Gateway.id == 1).values(version=Gateway.version + 1))
