"""The console's declaration."""

from flask import Blueprint

from gateway.access.acting import CONSOLE
from gateway.access.structure import Page, Root, Tab
from gateway.i18n.catalog import N_
from gateway.identity.models import Realm
from gateway.portal.declaration import Portal

bp = Blueprint("console", __name__)

portal = Portal(
    slug=CONSOLE,
    title=N_("Console"),
    icon="layout-dashboard",
    blueprint=bp,
    realm=Realm.ADMIN,
    path="/admin",
    structure=Root(
        Page("customers", N_("Customers"), endpoint="console.customers"),
        Page("classes", N_("Classes"), endpoint="console.classes"),
        Page(
            "open",
            N_("Open portals for customers"),
            tabs=(
                Tab("view-only", N_("View only")),
                Tab("assigned", N_("With the assigned role")),
                Tab("full", N_("With full access")),
                Tab("individual", N_("As an individual")),
                Tab("emergency", N_("In an emergency, without consent")),
            ),
        ),
        Page("roles", N_("Roles"), endpoint="console.roles"),
        Page("portals", N_("Portals"), endpoint="console.portals"),
        Page("administrators", N_("Administrators"), endpoint="console.administrators"),
        Page("tokens", N_("API tokens"), endpoint="console.tokens"),
        Page("audit", N_("Record"), endpoint="console.audit"),
        Page("mail", N_("Mail"), endpoint="console.mail"),
        Page("gateway", N_("Gateway"), endpoint="console.gateway"),
    ),
)
