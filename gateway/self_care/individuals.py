"""The individuals of a customer, for itself and for those of them whose role lets them manage the others."""

from flask import url_for

from gateway.access.individuals import Manager
from gateway.people.views import Desk, pages
from gateway.self_care.portal import bp
from gateway.web import current


def _desk() -> Desk:
    who = current.visitor()
    by = Manager.of(who, str(who.customer_id))
    return Desk(by, who.customer_name or "", "portal.html", url_for("self_care.individuals"))


pages(bp, "individuals", "/individuals", _desk)
