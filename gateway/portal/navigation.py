"""The frame of a page: navigation by level, whose page it is, the banner of a visit, and why controls are off."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask, g, request

from gateway.access.acting import CONSOLE, CUSTOMER_ALONE, NEVER_WHILE_ACTING
from gateway.access.levels import Level, under
from gateway.access.rights import Compiled
from gateway.access.roles import called
from gateway.access.structure import Node
from gateway.access.visitor import Visitor
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import has, language, language_name
from gateway.identity.models import Kind, Realm, Scope
from gateway.identity.proofs import is_recent
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import Registry
from gateway.web import current, speech
from gateway.web.marks import Mark
from gateway.web.redirects import page_of, reauthentication_path


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the navigation. What is only a heading leads to its first open tab; a forbidden page nowhere."""

    title: str
    url: str | None
    current: bool
    children: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame around a page of somebody logged in. `bell`: whether an alarm is open; None where there is no bell."""

    home_url: str
    title: str | None
    hue: str
    icon: str | None
    nav: tuple[Item, ...]
    person_name: str
    person_detail: str
    initials: str
    logout_url: str | None
    links: tuple[Mapping[str, str], ...]
    bell: bool | None


@dataclass(frozen=True, slots=True)
class Acting:
    """The banner of a visit."""

    actor_name: str
    subject_name: str
    customer_name: str
    role_name: str
    mode: str
    view_only: bool
    emergency: bool
    reason: str | None
    minutes_left: int
    end_url: str
    zone: str
    own_clock: bool
    clock_url: str
    here: str


def navigation(registry: Registry, portal: AnyPortal, who: Visitor, here: str | None) -> tuple[Item, ...]:
    """Return the entries of a portal's navigation that `who` may see; `here` is the node of the present page."""
    return _navigation(registry, portal.slug, who.levels, who.ceilings, here, request.script_root, language())


@lru_cache(maxsize=4096)
def _navigation(
    registry: Registry,
    slug: str,
    levels: Compiled,
    ceilings: tuple[Level, ...],
    here: str | None,
    root: str,
    _language: str,
) -> tuple[Item, ...]:
    """Make the entries once for each role, page and language."""
    own = levels.get(slug, {})

    def items(nodes: tuple[Node, ...], prefix: str) -> Iterator[Item]:
        for node in nodes:
            key = f"{prefix}{node.key}"
            children = tuple(items(node.tabs, f"{key}."))
            first = next((child.url for child in children if child.url), None)
            path, url = registry.paths.get((slug, key)), None
            if under(own[key], ceilings) > Level.FORBIDDEN:
                url = f"{root}{path}" if path else first
            if url is None and first is None:
                continue
            is_here = here is not None and (here == key or here.startswith(f"{key}."))
            yield Item(_(node.title), url, is_here, children)

    return tuple(items(registry.portals[slug].structure.pages, ""))


def initials(name: str) -> str:
    """Return the first letters of the first and last word of a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def shell(registry: Registry, who: Visitor) -> Shell:
    """Return the frame for the present page."""
    mark: Mark | None = g.get("mark")
    portal = registry.portals.get(mark.portal or "") if mark else None
    if portal is None and who.realm is Realm.ADMIN:
        portal = next(iter(found for found in registry.portals.values() if found.realm is Realm.ADMIN), None)
    own = who.realm is Realm.SELF_CARE
    log_out = {Scope.ADMIN: "/admin/logout", Scope.SELF_CARE: "/logout", Scope.VISIT: None}[who.scope]
    return Shell(
        home_url=f"{request.script_root}/" if own else "/admin/",
        title=_(portal.title) if portal else None,
        hue=f"h{portal.hue}" if portal else "h1",
        icon=portal.icon if portal else None,
        nav=navigation(registry, portal, who, mark.node if mark else None) if portal else (),
        person_name=who.name,
        person_detail=_detail(who),
        initials=initials(who.name),
        logout_url=log_out,
        links=_links(registry, request.script_root, language()) if own else _staff_links(language()),
        bell=who.alarms if not own and who.level(CONSOLE, "audit") >= Level.VIEW else None,
    )


@lru_cache(maxsize=1024)
def _links(registry: Registry, root: str, _language: str) -> tuple[Mapping[str, str], ...]:
    """Return where everybody's menu leads."""
    links = [{"title": _("All portals"), "url": f"{root}/", "icon": "layout-dashboard"}]
    everybodys = {"profile": "user-round", "security": "shield-check", "preferences": "languages"}
    for key, icon in {**everybodys, "activity.own": "history"}.items():
        if path := registry.paths.get(("self-care", key)):
            title = registry.portals["self-care"].structure.nodes[key].title
            links.append({"title": _(title), "url": f"{root}{path}", "icon": icon})
    return tuple(links)


@lru_cache(maxsize=64)
def _staff_links(_language: str) -> tuple[Mapping[str, str], ...]:
    """Return where the menu of an administrator leads."""
    return ({"title": _("Security"), "url": "/admin/security", "icon": "shield-check"},)


def _detail(who: Visitor) -> str:
    if who.kind is Kind.INDIVIDUAL:
        return who.customer_name or ""
    return called(who.role_name) if who.role_name else who.login


def acting(who: Visitor) -> Acting | None:
    """Return the banner of a visit, or None outside of one (IMP-05)."""
    if who.actor is None or who.visit is None:
        return None
    return Acting(
        actor_name=who.actor.name,
        subject_name=who.name,
        customer_name=who.customer_name or "",
        role_name=called(who.role_name) if who.role_name else _("no role"),
        mode=who.visit.mode,
        view_only=who.visit.view_only,
        emergency=who.visit.emergency,
        reason=who.visit.reason,
        minutes_left=who.minutes_left(current.now()),
        end_url=f"{request.script_root}/end",
        zone=current.formats().zone_name(current.now()),
        own_clock=speech.own_clock(),
        clock_url=f"{request.script_root}/clock",
        here=request.full_path.rstrip("?") if request.method == "GET" else "",
    )


def in_english(portal: AnyPortal | None) -> str | None:
    """Return why a page is in English, where the portal's own catalogue lacks the reader's language, or None."""
    if portal is None or portal.translations is None or has(portal.translations, language()):
        return None
    said = {"portal": _(portal.title), "language": language_name(language())}
    return _("%(portal)s does not speak %(language)s yet, so this page is in English.") % said


def why_not(who: Visitor | None, mark: Mark | None) -> str | None:
    """Return why the controls of this page are off, or None when they are on."""
    if who is None or mark is None or mark.portal is None or mark.node is None:
        return None
    if who.level(mark.portal, mark.node) < mark.needs:
        return _("You can look but not change anything here.")
    if who.actor is not None and (mark.portal, mark.node) in NEVER_WHILE_ACTING:
        return _("This is never possible while acting for somebody.")
    return None


def do_it_here(who: Visitor | None, mark: Mark | None) -> str | None:
    """Return the page of the console where staff do under their own name what no visit may do, or None."""
    if who is None or who.actor is None or mark is None:
        return None
    if (mark.portal, mark.node) not in NEVER_WHILE_ACTING - CUSTOMER_ALONE:
        return None
    return f"/admin/customers/{who.customer_id}"


def prove_url(who: Visitor | None) -> str | None:
    """Return where somebody proves who they are before a sensitive change on this page, or None if they did lately."""
    if who is None or who.scope is Scope.VISIT or is_recent(who.proved_at, current.now()):
        return None
    return reauthentication_path(who.scope, page_of(request.path))


def register(app: Flask, registry: Registry) -> None:
    """Give every template its frame."""

    @app.context_processor
    def _frame() -> dict[str, Any]:
        who, mark = current.maybe_visitor(), g.get("mark")
        reason = why_not(who, mark)
        return {
            "shell": shell(registry, who) if who else None,
            "acting": acting(who) if who else None,
            "in_english": in_english(registry.portals.get(mark.portal or "") if mark else None),
            "why_not": reason,
            "do_it_here": do_it_here(who, mark),
            "may_change": reason is None,
            "prove_url": prove_url(who) if reason is None else None,
        }
