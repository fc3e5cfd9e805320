"""The click, the landing, and the end of a visit; and the picker, where whoever has several portals chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from gateway.access import support
from gateway.access.acting import CONSOLE, REASONS, SUPPORT
from gateway.access.external import External
from gateway.access.levels import Level, under
from gateway.access.queries import Ended
from gateway.access.rights import SELF_CARE, Compiled
from gateway.access.visitor import Visitor
from gateway.errors import Forbidden, Invalid, LaunchRefused, NotFound
from gateway.i18n import catalog
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import sessions
from gateway.identity.models import CustomerStatus, Mode, Scope, SupportAccess
from gateway.launch import operations, queries
from gateway.launch.forms import LaunchForm
from gateway.portal.declaration import AnyPortal
from gateway.portal.registry import Registry, registry
from gateway.tokens import Tokens
from gateway.web import browser, current, scopes, speech
from gateway.web.marks import for_everyone_logged_in, in_visits_only
from gateway.web.redirects import moving_on, safe_next, see_other

bp = Blueprint("launch", __name__)


@dataclass(frozen=True, slots=True)
class Card:
    """A portal on the picker.

    `further` are more views of it, by name and address; `reason` says why it cannot be entered just now.
    """

    slug: str
    title: str
    icon: str
    hue: str
    url: str
    description: str
    further: Sequence[tuple[str, str]]
    reason: str | None = None

    @property
    def words(self) -> str:
        """Return what a search looks at."""
        return " ".join((self.title, self.description, *(name for name, _url in self.further)))


def _tokens() -> Tokens:
    return Tokens(current.house().settings.derived_keys("launch"), "launch", operations.GOOD_FOR)


def start(form: LaunchForm) -> Response:
    """Answer the click: `POST /admin/launches`, hung on the console by its portal.

    Raises `Invalid` for what it cannot read, and where a reason is missing.
    """
    if not form.validate():
        raise Invalid({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    who, now = current.visitor(), current.now()
    try:
        mode = Mode(form.mode.data or Mode.ASSIGNED)
    except ValueError as error:
        raise Invalid({"mode": [N_("The mode is assigned or full.")]}) from error
    subject_id = form.subject.data or ""
    reader = current.reader()
    since = operations.since(now)
    subject, live = queries.clicked(
        reader, current.house().rights, who.id, "" if "\0" in subject_id else subject_id, since, now
    )
    if subject is None:
        raise NotFound
    slug, _colon, view = (form.portal.data or "").partition(":")
    portal = registry().portals.get(slug) if slug else None
    if view:
        # The default role knows nothing of it.
        mode = Mode.ASSIGNED
    view_only, facts = form.view_only.data == "y", subject.facts
    emergency = form.emergency.data == "y" and facts.consent_missing
    code = queries.why_not(who, subject, portal, mode, view_only, emergency, view)
    if (slug or view) and portal is None:
        code = code or "portal-unknown"
    if code is None and len(live) >= queries.MOST_VISITS:
        code = "too-many-visits"
    work = current.writer()
    if code is not None:
        operations.refuse(work, who, subject, portal.slug if portal else None, mode, code)
        work.commit()
        raise LaunchRefused(code)
    reason = form.reason.data
    if reason is None and (facts.reason_required or emergency):
        raise Invalid({"reason": [queries.SAY_WHY]})
    if reason is None and subject.on_consent:
        reason = support.reason_granted(reader, str(subject.customer_id), who.id, now)
    started = operations.start(
        work,
        who,
        subject,
        portal=slug or None,
        view=view or None,
        mode=mode,
        view_only=view_only,
        emergency=emergency,
        reason=reason,
        return_to=safe_next(form.next.data, "/admin/", f"/admin/customers/{subject.customer_id}", 500),
        now=now,
    )
    work.commit()
    response = see_other(f"/as/{started.handle}/land")
    name = scopes.launch_cookie_name(started.handle, current.house().settings.production)
    token = _tokens().sign(started.launch_id)
    browser.set_cookie(response, name, token, strict=True, seconds=int(operations.GOOD_FOR.total_seconds()))
    browser.forget_visits(response, live)
    return response


@bp.get("/land")
@in_visits_only
def land() -> Response:
    """Land: the one GET that changes something. HEAD, OPTIONS and prefetching neither consume nor log in (LT-11)."""
    if request.method != "GET" or browser.is_prefetch():
        return Response(status=204)
    handle, now = str(browser.handle()), current.now()
    name = scopes.launch_cookie_name(handle, current.house().settings.production)
    launch_id = _tokens().read(browser.read_cookie(name) or "", now)
    if launch_id is None:
        raise LaunchRefused("token-refused")
    work = current.writer()
    taken = operations.take(work, launch_id, handle, now)
    launch = taken or operations.find(work, launch_id, handle)
    if launch is None:
        raise LaunchRefused("token-refused")
    house, reader = current.house(), current.reader()
    key = sessions.key_of(browser.session_cookie(Scope.ADMIN) or "")
    who, subject = queries.landing(reader, house.rights, key, launch.subject_id, now, current.address())
    portal = registry().portals.get(launch.portal) if launch.portal else None
    code = _landing_refusal(who, launch.actor_session_key, subject, launch, portal)
    if taken is None or code is not None or subject is None:
        work.rollback()
        operations.refuse_landing(work, launch, subject, code, is_replay=taken is None and launch.landed_at is not None)
        work.commit()
        raise LaunchRefused(code or "token-refused")
    title = portal.title if portal else None
    cookie = operations.land(work, launch, subject, title, now, current.address(), current.agent())
    work.commit()
    levels = house.rights.full(portal.realm) if portal and launch.mode is Mode.FULL else subject.levels
    there = registry().first_path(portal, levels.get(portal.slug, {})) if portal else "/"
    asked = f"?{urlencode({'view': launch.view})}" if launch.view else ""
    response = see_other(f"/as/{handle}{there or '/'}{asked}")
    browser.set_session_cookie(response, Scope.VISIT, handle, cookie)
    browser.delete_cookie(response, name)
    return response


def _landing_refusal(
    who: Visitor | Ended, launched_in: bytes, subject: queries.Subject | None, launch: Any, portal: AnyPortal | None
) -> str | None:
    """Ask everything again (LT-09, LT-14): the administrator's own live session in this browser, and the offer."""
    if not isinstance(who, Visitor) or who.session_key != launched_in or subject is None:
        return "token-refused"
    if launch.portal and portal is None:
        return "portal-unknown"
    return queries.why_not(who, subject, portal, launch.mode, launch.view_only, launch.emergency, launch.view)


@bp.post("/end")
@in_visits_only
def end() -> Response:
    """End this visit and go back to where it began; works whatever became of the subject (IMP-08)."""
    handle, cookie = str(browser.handle()), browser.session_cookie()
    there = None
    if cookie is not None:
        work = current.writer()
        there = operations.end(work, handle, sessions.key_of(cookie), "ended", current.now())
        work.commit()
    response = see_other(there or "/admin/")
    browser.delete_session_cookie(response, Scope.VISIT, handle)
    return response


@bp.post("/clock")
@in_visits_only
def clock() -> Response:
    """Show this administrator's visits in their own zone, or as each subject has it; nothing is stored."""
    response = see_other(f"{request.script_root}{safe_next(request.form.get('next'), '/', '/')}")
    speech.choose_clock(response, request.form.get("own") == "y")
    return response


@bp.get("/")
@for_everyone_logged_in
def picker() -> str | Response:
    """Show a card for each portal that the visitor may enter; with one portal only, go straight to it."""
    who = current.visitor()
    root = request.script_root
    cards = _cards(registry(), who.levels, who.ceilings, who.portals_off, root, catalog.language())
    if len(cards) == 1 and cards[0].reason is None and not cards[0].further:
        return see_other(cards[0].url)
    q = request.args.get("q", "").strip()
    shown = [card for card in cards if q.casefold() in card.words.casefold()] if q else cards
    return render_template(
        "picker.html",
        cards=shown,
        q=q,
        suspended=who.customer_status is CustomerStatus.SUSPENDED,
        asked_url=_asked_url(who, root),
    )


def _asked_url(who: Visitor, root: str) -> str | None:
    """Return where the customer answers staff who ask to be let in, if any wait and this visitor may see it."""
    on_consent = who.class_support is SupportAccess.CONSENT and who.actor is None
    if not on_consent or who.level(SELF_CARE, SUPPORT) < Level.VIEW:
        return None
    is_asked = support.is_asked(current.reader(), str(who.customer_id), current.now())
    return f"{root}{registry().paths[SELF_CARE, SUPPORT]}" if is_asked else None


@bp.get("/portals/<slug>/")
@for_everyone_logged_in
def front(slug: str) -> Response:
    """Lead from a portal's address to its first page that may be looked at; out, for a portal elsewhere."""
    who, portal = current.visitor(), registry().portals.get(slug)
    if portal is None or not who.levels.get(slug):
        raise NotFound
    if slug in who.portals_off:
        raise Forbidden(N_("This portal is switched off for now."), "portal_off")
    path = registry().first_path(portal, who.portal_levels(slug))
    if path is None:
        raise NotFound
    if isinstance(portal, External):
        return _out(who, portal, request.args.get("view", ""))
    return see_other(f"{request.script_root}{path}")


def _out(who: Visitor, portal: External, view: str) -> Response:
    """Lead to where a portal elsewhere, or a further view of it, begins, by its own log-in with us (OpenID Connect Core
    1.0, section 4).

    In a visit it is told which one; it knows nothing by that, as only this browser holds the visit's cookie.
    """
    if not portal.up:
        raise Forbidden(REASONS["portal-down"], "portal_down")
    url = who.levels.doors.get(portal.slug, {}).get(view) or (portal.start_url if not view else None)
    if url is None:
        raise NotFound
    values = {"iss": current.house().settings.base_url}
    if who.visit is not None:
        values["login_hint"] = f"visit:{who.visit.handle}"
    return moving_on(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(values)}")


@bp.get("/admin/")
@for_everyone_logged_in
def console() -> Response:
    """Lead to the first page of the console that the role opens."""
    found = registry().portals[CONSOLE]
    path = registry().first_path(found, current.visitor().portal_levels(CONSOLE))
    if path is None:
        raise NotFound
    return see_other(path)


@lru_cache(maxsize=4096)
def _cards(
    portals: Registry,
    levels: Compiled,
    ceilings: tuple[Level, ...],
    off: frozenset[str],
    root: str,
    _language: str,
) -> Sequence[Card]:
    """Make the cards once for each role and language."""
    cards, why_down = [], REASONS["portal-down"]
    for portal in portals.self_care():
        own = {key: under(level, ceilings) for key, level in levels.get(portal.slug, {}).items()}
        path = portals.first_path(portal, own) if portal.slug not in off else None
        if path is None:
            continue
        opened = {key.partition(".")[0] for key, level in own.items() if level > Level.FORBIDDEN}
        pages = [_(page.title) for page in portal.structure.pages if page.key in opened]
        down = isinstance(portal, External) and not portal.up
        cards.append(
            Card(
                portal.slug,
                _(portal.title),
                portal.icon,
                f"h{portal.hue}",
                f"{root}{path}",
                " · ".join(pages),
                [(name, f"{root}{path}?{urlencode({'view': name})}") for name in levels.further(portal.slug)],
                _(why_down) if down else None,
            )
        )
    return cards
