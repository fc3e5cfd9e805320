"""Why can't they see it? Every rule between somebody and a page, with its verdict and where it is set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from gateway.access.explain import Place, Rule, Verdict
from gateway.access.levels import Level
from gateway.access.models import DEFAULT_ROLE
from gateway.access.visitor import level_at
from gateway.admin import trees, verdicts
from gateway.admin.asking import asking
from gateway.admin.explaining import Case, case_of, change_of, row_of, where_of, who_may
from gateway.admin.portal import bp
from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext
from gateway.identity import networks
from gateway.identity.models import Realm
from gateway.launch import queries as launches
from gateway.portal.pages import form_text, query_text
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other

ALLOWED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as the page shows it; `url` leads to where it is set, for whoever may look there."""

    title: str
    kind: str
    word: str
    icon: str
    said: Markup
    url: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands on top: whether it opens and why not, the one change that would open it, and who may make it.

    `allow` is the address that is to be let in for that.
    """

    kind: str
    said: str
    change: str = ""
    url: str | None = None
    who: str = ""
    more: str = ""
    why: Markup | None = None
    allow: str | None = None


@bp.get("/customers/<id>/explain")
@bp.get("/customers/<id>/individuals/<individual>/explain")
@belongs_to("customers")
def explain(id: str, individual: str | None = None) -> str | tuple[str, int]:
    """Explain what somebody sees: all portals at a glance, or one of them or a page of it rule by rule."""
    row, slug, node, address = row_of(id, individual), query_text("portal"), query_text("node"), query_text("address")
    if address and not networks.is_address(address):
        return _page(case_of(row, slug, node, None), address, _("This is no address.")), 422
    return _page(case_of(row, slug, node, address or None), address)


@bp.post("/customers/<id>/explain/allow")
@bp.post("/customers/<id>/individuals/<individual>/explain/allow")
@needs_recent
@belongs_to("customers")
def allow_address(id: str, individual: str | None = None) -> tuple[str, int] | Response:
    """Let an address pass the provider's list that is in force, for one hour."""
    row = row_of(id, individual)
    address, work, now = form_text("address"), current.writer(), current.now()
    holder = row.id if row.provider_networks else row.customer_id
    note = _("Let in for one hour")
    try:
        networks.allow(work, holder, address, now + ALLOWED_FOR, note, now)
    except Invalid as invalid:
        work.rollback()
        return _page(case_of(row, "", "", None), address, invalid.errors["address"][0]), 422
    work.commit()
    return see_other(f"{request.path.removesuffix('/allow')}?done=allowed")


def _page(case: Case, typed: str, problem: str | None = None) -> str:
    who, row = current.visitor(), case.row
    subject = launches.subject_from(current.reader(), current.house().rights, row, current.now())
    offer = launches.offer(who, subject, registry())
    slug = case.portal.slug if case.portal else ""
    choices = next((one.choices for one in (*offer.portals, *offer.other_portals) if one.slug == slug and slug), ())
    return render_template(
        "admin/explain.html",
        case=case,
        person=row,
        answer=_answer(case),
        lines=_lines(case),
        choices=choices,
        visits=_visits(case),
        offer=offer,
        asking=asking(str(row.customer_id), offer),
        portals=[(portal, _(portal.title)) for portal in registry().self_care()],
        pages=_titles(case.place),
        overview=_overview(case) if case.place is None else [],
        words={word: _(title) for word, title in trees.WORDS.items()},
        typed=typed,
        problem=problem,
        list_in_force=_holder_said(case),
        compare_url=_compare_url(case),
        may_compare=who.level("console", "roles") > Level.FORBIDDEN,
        full_role=DEFAULT_ROLE[Realm.SELF_CARE],
        here=request.full_path.rstrip("?")[:500] if request.method == "GET" else f"{case.url}/explain",
    )


def _lines(case: Case) -> list[Line]:
    return [_line(rule, case) for rule in case.explanation.rules]


def _line(rule: Rule, case: Case) -> Line:
    kind, word, icon = verdicts.PILLS[rule.verdict]
    where = where_of(rule, case)
    url = where.url if where and where.at_least(Level.VIEW) else None
    said = verdicts.in_html(verdicts.said(rule, case.place))
    first = rule in case.explanation.those(Verdict.STOPS)[:1]
    return Line(_(verdicts.TITLES[rule.name]), kind, _("Stops here") if first else _(word), icon, said, url)


def _answer(case: Case) -> Answer:
    found = case.explanation
    stops, steps = found.those(Verdict.STOPS), found.those(Verdict.STEP)
    if not stops and not steps:
        said = (
            _("They can log in: nothing stops them.")
            if case.place is None
            else _("They can see it: nothing stops them.")
        )
        return Answer("ok", said)
    first = (stops or steps)[0]
    why = verdicts.in_html(verdicts.said(first, case.place)[:1])
    if not stops:
        return Answer("warn", _("A step of theirs comes first. Once it is done, nothing stops them."), why=why)
    beyond = len(stops) - 1
    more = ngettext("%(num)s other rule stops them too.", "%(num)s other rules stop them too.", beyond) % {
        "num": beyond
    }
    where = where_of(first, case)
    may = where is not None and where.at_least(Level.FULL)
    return Answer(
        "bad",
        _("They cannot log in.") if first.name in verdicts.ENTERING else _("They can log in, but cannot see it."),
        change_of(first),
        where.url if where and may else None,
        who_may(where) if where and not may else "",
        more if beyond else "",
        why,
        case.address if first.reason == "network" else None,
    )


def _visits(case: Case) -> list[tuple[str, str]]:
    """Return the levels that a visit would have at what is asked about: with the assigned role, with full access."""
    if case.place is None:
        return []
    place = case.place
    return [
        (title, max(level_at(levels, (), place.slug, node) for node in place.nodes).word)
        for title, levels in ((_("With the assigned role"), case.has.levels), (_("With full access"), case.full))
    ]


def _titles(place: Place | None) -> list[tuple[str, str]]:
    return [(key, verdicts.title_of(place, key)) for key in place.structure.nodes] if place else []


def _overview(case: Case) -> list[tuple[Any, str, bool, Sequence[tuple[int, str, str, str]]]]:
    """Return every portal, whether it is off, and its pages: depth, key, title and the word of the level."""
    return [
        (
            portal,
            _(portal.title),
            portal.slug in case.has.off,
            [
                (key.count("."), key, _(node.title), level_at(case.has.levels, (), portal.slug, key).word)
                for key, node in portal.structure.nodes.items()
            ],
        )
        for portal in registry().self_care()
    ]


def _holder_said(case: Case) -> str:
    """Return whose list an address would be let in by, and for whom that counts."""
    if case.list_holder == case.row.customer_id:
        return _("It goes on the list of %(customer)s for one hour, which counts for its individuals too.") % {
            "customer": case.row.customer_name
        }
    return _("It goes on the provider's list of %(name)s for one hour.") % {"name": case.row.name}


def _compare_url(case: Case) -> str:
    return f"/admin/roles/compare?left={case.row.role_id or ''}"
