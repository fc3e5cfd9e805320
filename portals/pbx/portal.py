"""The Cloud PBX's declaration."""

from gateway.portal import N_, Page, Portal, Root, Tab
from portals.pbx.importer import IMPORTERS
from portals.pbx.operations import forget_calls
from portals.pbx.views import bp

portal = Portal(
    slug="pbx",
    title=N_("Cloud PBX"),
    summary=N_("Extensions, calls and invoices."),
    icon="phone",
    hue=2,
    blueprint=bp,
    importers=IMPORTERS,
    forget=forget_calls,
    structure=Root(
        Page("overview", N_("Overview"), endpoint="pbx.overview"),
        Page(
            "configuration",
            N_("Configuration"),
            tabs=(
                Tab("extensions", N_("Extensions"), endpoint="pbx.extensions"),
                Tab("ring-groups", N_("Ring groups"), endpoint="pbx.ring_groups"),
                Tab("forwarding", N_("Call forwarding"), endpoint="pbx.forwardings"),
            ),
        ),
        Page("calls", N_("Calls"), endpoint="pbx.calls"),
        Page(
            "finance",
            N_("Finance"),
            tabs=(
                Tab("balance", N_("Balance"), endpoint="pbx.balance"),
                Tab("invoices", N_("Invoices"), endpoint="pbx.invoices"),
                Tab("payments", N_("Payments"), endpoint="pbx.payments"),
            ),
        ),
    ),
)
