"""Why somebody sees a page or does not: what the console's page says, for programs."""

from typing import Any

from gateway.access.explain import Rule, Verdict, person
from gateway.access.levels import Level
from gateway.admin import verdicts
from gateway.admin.explaining import Case, case_of, change_of, row_of, where_of
from gateway.api.blueprint import bp
from gateway.api.schemas.explain import ExplainAsked, Explained
from gateway.api.views.answering import Body, known
from gateway.errors import Invalid
from gateway.i18n.catalog import N_
from gateway.identity import networks
from gateway.web import current
from gateway.web.marks import serves


@bp.get("/customers/<id>/explain", tags=["explain"])
@serves(console="customers")
@bp.arguments(ExplainAsked, location="query")
@bp.answers(Explained)
def explain_customer(asked: dict[str, Any], id: str) -> Body:
    """Explain rule by rule whether a customer gets in, and to a portal or a page of it."""
    return _explained(row_of(id, None), asked)


@bp.get("/individuals/<id>/explain", tags=["explain"])
@serves(console="customers")
@bp.arguments(ExplainAsked, location="query")
@bp.answers(Explained)
def explain_individual(asked: dict[str, Any], id: str) -> Body:
    """Explain rule by rule whether an individual gets in, and to a portal or a page of it."""
    return _explained(row_of(known(person(current.reader(), id)).customer_id, id), asked)


def _explained(row: Any, asked: dict[str, Any]) -> Body:
    if asked["address"] and not networks.is_address(asked["address"]):
        raise Invalid({"address": [N_("This is no address.")]})
    case = case_of(row, asked["portal"], asked["node"], asked["address"] or None)
    found = case.explanation
    stops = found.those(Verdict.STOPS)
    return {
        "identity": row.id,
        "portal": asked["portal"] or None,
        "node": asked["node"] or None,
        "address": case.address,
        "opens": found.opens,
        "level": None if found.level is None else found.level.word,
        "rules": [
            {
                "rule": rule.name,
                "verdict": rule.verdict,
                "reason": rule.reason,
                "detail": verdicts.in_words(verdicts.said(rule, case.place)),
            }
            for rule in found.rules
        ],
        "change": _change(stops[0], case) if stops else None,
        "refused": [{"at": one.at, "address": one.address, "detail": one.reason} for one in case.refusals.rows],
        "outside": [{"address": one.address, "at": one.at, "admitted": one.admitted} for one in case.outside],
    }


def _change(rule: Rule, case: Case) -> Body:
    where = where_of(rule, case)
    may = where is not None and where.at_least(Level.FULL)
    url = f"{current.house().settings.base_url}{where.url}" if where and may else None
    return {"detail": change_of(rule), "url": url}
