"""The self-care portal's declaration."""

from flask import Blueprint

from gateway.access.structure import Page, Root, Tab
from gateway.i18n.catalog import N_
from gateway.portal.declaration import Portal

bp = Blueprint("self_care", __name__)

portal = Portal(
    slug="self-care",
    title=N_("My access"),
    summary=N_("Your profile, password, sessions and preferences."),
    icon="user-round",
    hue=5,
    blueprint=bp,
    structure=Root(
        Page("profile", N_("Profile"), endpoint="self_care.profile", own=True),
        Page("security", N_("Security"), endpoint="self_care.security", own=True),
        Page("preferences", N_("Preferences"), endpoint="self_care.preferences", own=True),
        Page("individuals", N_("Individuals"), endpoint="self_care.individuals"),
        Page("tokens", N_("API tokens"), endpoint="self_care.tokens"),
        Page(
            "activity",
            N_("Activity"),
            tabs=(Tab("support-access", N_("Support access"), endpoint="self_care.support_access"),),
        ),
    ),
)
